//! P23: the audit log is whole: append-only, hash-chained; what was changed or removed is found and named, and no secret
//! stands in it.

use app::api::Page;
use app::api::audit::{AuditCheck, AuditEntry};
use app::api::auth::Role;
use app::api::share::Share;
use axum::http::StatusCode;
use serde_json::json;
use server::doctor;
use server::telemetry::audit::{self, Break};
use server::testing::{PASSWORD, TestApp, Tester};
use sqlx::Executor as _;

async fn world() -> (TestApp, Tester) {
    let app = TestApp::new().await.expect("a server");
    let ada = app.administrator("Ada").await.expect("Ada");
    for name in ["a", "b", "c", "d"] {
        assert_eq!(ada.post("/api/projects", json!({"name": name})).await.status, StatusCode::OK);
    }
    (app, ada)
}

async fn tamper(app: &TestApp, sql: &'static str) {
    let mut write = app.state.db.write().await.expect("a transaction");
    write.execute(sql).await.expect("tampered");
    write.commit().await.expect("committed");
}

async fn verify(app: &TestApp) -> Result<u64, Break> {
    audit::verify(&app.state.db).await.expect("read").map(|whole| whole.n_rows)
}

async fn entries(who: &Tester, query: &str) -> Page<AuditEntry> {
    who.get(&format!("/api/audit{query}")).await.read().expect("entries")
}

#[tokio::test]
async fn what_was_changed_or_removed_is_found_and_named() {
    // What is done to the file, which entry is named for it, and what the sentence says.
    for (tampering, named, word) in [
        ("UPDATE audit SET detail = 'd' WHERE sequence = 2", 2, "not as it was written"),
        ("UPDATE audit SET time = time + 1 WHERE sequence = 1", 1, "not as it was written"),
        ("UPDATE audit SET actor = 'server' WHERE sequence = 4", 4, "not as it was written"),
        (
            "UPDATE audit SET hash = REPLACE(hash, SUBSTR(hash, 1, 1), 'x') WHERE sequence = 3",
            3,
            "not as it was written",
        ),
        ("DELETE FROM audit WHERE sequence = 2", 2, "is missing"),
        ("DELETE FROM audit WHERE sequence = 1", 1, "is missing"),
        // A chain alone cannot see that its end is cut off.
        ("DELETE FROM audit WHERE sequence = 4", 4, "is missing"),
        ("DELETE FROM audit WHERE sequence > 2", 3, "is missing"),
        ("DELETE FROM audit", 1, "is missing"),
        ("UPDATE audit SET sequence = sequence + 100 WHERE sequence = 4", 4, "is missing"),
        ("UPDATE audit SET object = detail, detail = object WHERE sequence = 3", 3, "not as it was written"),
    ] {
        let (app, ada) = world().await;
        assert_eq!(verify(&app).await, Ok(4), "whole before");
        tamper(&app, tampering).await;
        let broken = verify(&app).await.expect_err(tampering);
        assert_eq!((broken.sequence, broken.before.n_rows as i64), (named, named - 1), "{tampering}: {broken}");
        assert!(broken.to_string().contains(word) && broken.to_string().contains(&named.to_string()), "{broken}");
        let check: AuditCheck = ada.get("/api/audit/check").await.read().expect("a check");
        let found = check.broken.expect("the page says so too");
        assert_eq!((found.sequence, check.n_entries as i64), (named, named - 1), "{tampering}");
        let findings = doctor::examine(&app.state.config).await;
        let finding = findings.iter().find(|f| f.subject == "audit").expect("a finding");
        assert!(!finding.is_good && finding.text.contains(&format!("entry {named} ")), "{finding}");
        // What is written after it does not heal it.
        assert_eq!(ada.post("/api/projects", json!({"name": "e"})).await.status, StatusCode::OK);
        assert!(verify(&app).await.is_err(), "{tampering}");
    }
}

/// The hash of an entry, by other means than the server's.
fn link(previous: &str, sequence: i64, time: i64, texts: &[&str]) -> String {
    let mut bytes = previous.as_bytes().to_vec();
    bytes.extend([sequence, time].iter().flat_map(|n| n.to_le_bytes()));
    for text in texts {
        bytes.extend((text.len() as u64).to_le_bytes());
        bytes.extend(text.as_bytes());
    }
    blake3::hash(&bytes).to_hex().to_string()
}

/// The last entry, rewritten with a hash that fits: what comes after it must not make it true.
#[tokio::test]
async fn what_is_written_after_a_rewritten_end_does_not_heal_it() {
    // Whichever of both hashes is the greater.
    for greater in [true, false] {
        let (app, ada) = world().await;
        type Row = (String, i64, String, String, String, String, String, String);
        let sql = "SELECT hash, time, actor, action, object, detail, salt, organisation FROM audit \
                   ORDER BY sequence DESC LIMIT 2";
        let rows: Vec<Row> = sqlx::query_as(sql).fetch_all(app.state.db.reader()).await.expect("rows");
        let ((hash, time, actor, action, object, detail, salt, organisation), previous) = (&rows[0], &rows[1].0);
        let hashed = |detail: &str| link(previous, 4, *time, &[actor, action, object, detail, salt, organisation]);
        assert_eq!(hashed(detail), *hash, "the same arithmetic");
        let forged = |n: i32| (format!("{n}"), hashed(&format!("{n}")));
        let (detail, forged) = (0..).map(forged).find(|(_, h)| (h > hash) == greater).expect("one of both");
        let mut write = app.state.db.write().await.expect("a transaction");
        let sql = "UPDATE audit SET detail = $1, hash = $2 WHERE sequence = 4";
        sqlx::query(sql).bind(detail).bind(forged).execute(&mut *write).await.expect("rewritten");
        write.commit().await.expect("committed");
        assert_eq!(verify(&app).await.expect_err("found at once").sequence, 4);
        assert_eq!(ada.post("/api/projects", json!({"name": "e"})).await.status, StatusCode::OK);
        assert!(verify(&app).await.is_err(), "healed by the entry after it, with a greater hash: {greater}");
    }
}

/// What is hidden from someone who sees the hashes is not to be found by trying: nothing that they are given makes the hash.
#[tokio::test]
async fn a_hash_does_not_tell_a_guess_from_another() {
    let (app, _) = world().await;
    for _ in 0..2 {
        audit::note(&app.state, "server", "x.y", "design:1", "narwhal").await.expect("noted");
    }
    type Row = (String, i64, String, Option<String>);
    let sql = "SELECT hash, time, detail, salt FROM audit ORDER BY sequence";
    let rows: Vec<Row> = sqlx::query_as(sql).fetch_all(app.state.db.reader()).await.expect("rows");
    let (previous, [a, b]) = (&rows[3].0, [&rows[4], &rows[5]]);
    assert!(a.3.is_some() && a.3 != b.3, "each its own: {:?}, {:?}", a.3, b.3);
    let texts = ["server", "x.y", "design:1", "narwhal"];
    assert_ne!(link(previous, 5, a.1, &texts), a.0, "the right guess without the salt");
    // The same row twice, but for the salt.
    // Nobody's but the installation's.
    let salted = |salt: &str| link(previous, 5, a.1, &[&texts[..], &[salt, ""]].concat());
    let salts = [a, b].map(|row| row.3.as_deref().expect("a salt"));
    assert_eq!(salted(salts[0]), a.0);
    assert_ne!(salted(salts[0]), salted(salts[1]));
    // Canary: without salts the guess is told from others, as in a log from before.
    assert_ne!(link(previous, 5, a.1, &texts), link(previous, 5, a.1, &["server", "x.y", "design:1", "walrus"]));
}

/// A log that was begun before there were salts and organisations goes on with them, and is found whole; with any changed it is not.
#[tokio::test]
async fn entries_from_before_salts_and_organisations_are_checked_with_those_that_have_them() {
    let app = TestApp::new().await.expect("a server");
    let ada = app.administrator("Ada").await.expect("Ada");
    let mut write = app.state.db.write().await.expect("a transaction");
    let mut hash = "brunel audit 1".to_owned();
    for (sequence, salt) in [(1, None), (2, None), (3, Some("pepper"))] {
        let texts = ["server", "x.y", "z", "old"].into_iter().chain(salt).collect::<Vec<_>>();
        hash = link(&hash, sequence, 7, &texts);
        let sql = "INSERT INTO audit (sequence, time, actor, action, object, detail, hash, salt) \
                   VALUES ($1, 7, 'server', 'x.y', 'z', 'old', $2, $3)";
        let row = sqlx::query(sql).bind(sequence).bind(&hash).bind(salt);
        row.execute(&mut *write).await.expect("an entry as they were");
    }
    let sql = "INSERT INTO setting (key, value) VALUES ('audit_head', $1) ON CONFLICT (key) DO UPDATE SET value = $1";
    sqlx::query(sql).bind(format!("3 {hash}")).execute(&mut *write).await.expect("its end");
    write.commit().await.expect("committed");
    for name in ["a", "b"] {
        assert_eq!(ada.post("/api/projects", json!({"name": name})).await.status, StatusCode::OK);
    }
    assert_eq!(verify(&app).await, Ok(5));
    let given: Vec<AuditEntry> = ada.get("/api/audit/export/json").await.read().expect("entries");
    let has_salt: Vec<bool> = given.iter().rev().map(|e| e.salt.is_some()).collect();
    assert_eq!(has_salt, [false, false, true, true, true], "whoever sees the details can check them");
    let organisations: Vec<Option<&str>> = given.iter().rev().map(|e| e.organisation.as_deref()).collect();
    let works = Some(app.organisation.as_str());
    assert_eq!(organisations, [None, None, None, works, works], "what was hashed is given");
    // As whoever holds the export does it.
    let mut hash = "brunel audit 1".to_owned();
    for e in given.iter().rev() {
        let texts = [&e.actor, &e.action, &e.object, &e.detail].map(String::as_str);
        let texts = texts.into_iter().chain(e.salt.as_deref()).chain(e.organisation.as_deref()).collect::<Vec<_>>();
        hash = link(&hash, e.sequence, e.time, &texts);
        assert_eq!(hash, e.hash, "entry {}", e.sequence);
    }
    for (tampering, named) in [
        ("UPDATE audit SET form = 1 WHERE sequence = 5", 5),
        ("UPDATE audit SET organisation = NULL WHERE sequence = 5", 5),
        ("UPDATE audit SET organisation = 'x' WHERE sequence = 4", 4),
        ("UPDATE audit SET salt = NULL WHERE sequence = 3", 3),
        ("UPDATE audit SET salt = 'x' WHERE sequence = 3", 3),
        ("UPDATE audit SET salt = '' WHERE sequence = 2", 2),
        ("UPDATE audit SET salt = 'x' WHERE sequence = 1", 1),
    ] {
        tamper(&app, tampering).await;
        assert_eq!(verify(&app).await.expect_err(tampering).sequence, named, "{tampering}");
    }
}

/// One bit of the file itself, wherever it stands in an entry.
#[tokio::test]
async fn a_flipped_bit_in_the_file_is_found() {
    let (app, ada) = world().await;
    assert_eq!(ada.post("/api/projects", json!({"name": "Zylinderkopf"})).await.status, StatusCode::OK);
    let config = app.state.config.clone();
    let to = app.folder().join("copy.sqlite");
    let sql = format!("VACUUM INTO '{}'", to.display());
    app.state.db.writer().await.expect("the writer").execute(sqlx::AssertSqlSafe(sql)).await.expect("copied");
    let mut bytes = std::fs::read(&to).expect("the copy");
    // The name stands in the project's own row too; the entry's is the one behind its action.
    let text = b"project.createproject:";
    let at = (0..bytes.len() - text.len()).filter(|i| &bytes[*i..*i + text.len()] == text);
    let row = at.filter(|i| bytes[*i..(*i + 200).min(bytes.len())].windows(12).any(|w| w == b"Zylinderkopf"));
    let row =
        row.min_by_key(|i| bytes[*i..].windows(12).position(|w| w == b"Zylinderkopf")).expect("the entry in the file");
    bytes[row + 3] ^= 1;
    std::fs::create_dir_all(app.folder().join("flipped")).expect("a folder");
    let flipped = server::config::Config { data: app.folder().join("flipped"), ..config };
    std::fs::write(flipped.database(), &bytes).expect("written");
    let db = server::db::connect(&flipped.database(), false).await.expect("opens");
    let broken = audit::verify(&db).await.expect("read").expect_err("found");
    assert_eq!(broken.sequence, 5, "{broken}");
    db.close().await;
    assert_eq!(verify(&app).await, Ok(5), "the file that it was copied from is whole");
}

#[tokio::test]
async fn administrators_find_who_did_what() {
    let app = TestApp::new().await.expect("a server");
    let ada = app.administrator("Ada").await.expect("Ada");
    let project = app.project("Frame").await.expect("a project");
    let bo = app.person("Bo", Role::Engineer).await.expect("Bo");
    app.join(&project, &bo, Role::Engineer).await.expect("joined");
    let made = bo.post("/api/designs", json!({"project": project, "name": "Köln_100%", "template": "empty"})).await;
    let design: app::api::design::DesignCard = made.read().expect("a design");
    for n in 0..120 {
        app.clock.advance(1_000);
        let renamed = ada.patch(&format!("/api/projects/{project}"), json!({"name": format!("Frame {n}")})).await;
        assert_eq!(renamed.status, StatusCode::OK);
    }
    let first = entries(&ada, "").await;
    assert_eq!((first.items.len(), first.items[0].sequence), (100, 121));
    let rest = entries(&ada, &format!("?before={}", first.next.expect("more"))).await;
    assert_eq!((rest.items.len(), rest.items.last().map(|e| e.sequence), rest.next), (21, Some(1), None));
    for (query, n) in [
        ("?who=bo", 1),
        ("?who=Ada&action=project.", 100),
        ("?who=bo&action=project.", 0),
        ("?action=design.create", 1),
        ("?object=K%C3%B6ln_100%25", 1),
        ("?object=K_ln", 0),
        (&format!("?object=design:{}", design.id), 1),
        ("?since=99999999999999", 0),
        // Not by the clock, which went on meanwhile: entries are a second apart.
        (&format!("?until={}", first.items[99].time), 21),
    ] {
        let found = entries(&ada, query).await;
        assert_eq!(found.items.len(), n, "{query}");
    }
    // Capitals are those of every language.
    let mut write = app.state.db.write().await.expect("a transaction");
    write.execute("UPDATE person SET name = 'Özgür Çelik' WHERE name = 'Bo'").await.expect("renamed");
    write.execute("UPDATE project SET name = 'ÖLWANNE'").await.expect("renamed");
    write.commit().await.expect("committed");
    for (query, n) in [
        ("?who=%C3%96zg%C3%BCr", 1),
        ("?who=%C3%B6ZG%C3%9CR%20%C3%A7", 1),
        ("?who=ozgur", 0),
        ("?object=%C3%B6lwanne", 100),
        ("?object=k%C3%96ln", 1),
    ] {
        assert_eq!(entries(&ada, query).await.items.len(), n, "{query}");
    }
    tamper(&app, "UPDATE person SET name = 'Bo' WHERE name = 'Özgür Çelik'").await;
    let one = entries(&ada, "?action=design.create").await.items.remove(0);
    assert_eq!((one.actor_name.as_deref(), one.object_name.as_deref()), (Some("Bo"), Some("Köln_100%")));
    // Nobody else, and no program.
    for path in ["/api/audit", "/api/audit/check", "/api/audit/export/csv"] {
        assert_eq!(bo.get(path).await.status, StatusCode::FORBIDDEN, "{path}");
    }
    let csv = ada.get("/api/audit/export/csv?who=bo").await;
    assert_eq!(csv.headers["content-type"], "text/csv; charset=utf-8");
    assert!(csv.text().lines().count() == 2 && csv.text().contains("Köln_100%"), "{}", csv.text());
    let all: Vec<AuditEntry> = ada.get("/api/audit/export/json").await.read().expect("entries");
    assert_eq!((all.len(), all[0].action.as_str()), (122, "audit.export"), "the export before is an entry");
    let check: AuditCheck = ada.get("/api/audit/check").await.read().expect("a check");
    assert_eq!((check.broken, check.n_entries), (None, 123));
}

/// Two organisations, a project in each, what was done there, and what the installation's administrator decided.
async fn neighbours() -> (TestApp, Tester, Tester) {
    let app = TestApp::new().await.expect("a server");
    let ada = app.administrator("Ada").await.expect("Ada");
    let sue = app.stranger("Sue").await.expect("Sue");
    for (who, project, design) in [(&ada, "Bridge", "Girder"), (&sue, "Narwhal", "Tusk")] {
        let made = who.post("/api/projects", json!({"name": project})).await;
        let project = made.read::<app::api::organisation::Project>().expect("a project").id;
        let made = json!({"project": project, "name": design, "template": "empty"});
        let made = who.post("/api/designs", made).await;
        let design = made.read::<app::api::design::DesignCard>().expect("a design").id;
        let group = who.post("/api/organisation/groups", json!({"name": format!("{} group", who.name)})).await;
        assert_eq!(group.status, StatusCode::OK, "{}", group.text());
        let link = json!({"label": format!("for {}'s partner", who.name), "days": 7});
        assert_eq!(who.post(&format!("/api/designs/{design}/shares"), link).await.status, StatusCode::OK);
        // Removed while nobody looks: then nothing but the entry tells whose it was.
        let binned = who.patch(&format!("/api/designs/{design}"), json!({"state": "bin"})).await;
        assert_eq!(binned.status, StatusCode::OK);
    }
    app.clock.advance(server::retention::BIN + 1);
    assert_eq!(server::retention::sweep(&app.state).await.expect("swept"), 2);
    audit::note(&app.state, &format!("person:{}", ada.id), "installation.change", "installation", "sign-up: open")
        .await
        .expect("noted");
    let awake =
        async |who: &Tester| Tester { cookie: Some(app.session(&who.id).await.expect("a session")), ..who.clone() };
    let (ada, sue) = (awake(&ada).await, awake(&sue).await);
    (app, ada, sue)
}

/// All that someone is told of the log, by whatever way.
async fn all_told(who: &Tester) -> String {
    let mut text = String::new();
    for path in ["", "/export/csv", "/export/json", "?object=narwhal", "?who=sue", "?action=design.", "?object=design:"]
    {
        let answer = who.get(&format!("/api/audit{path}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        text.push_str(&answer.text());
    }
    text + &who.get("/audit").await.text()
}

/// What of an organisation stands in `text`: names of people, projects, groups and links, and ids.
async fn traces(app: &TestApp, owner: &Tester, names: &[&str], text: &str) -> Vec<String> {
    let sql = "SELECT object FROM audit WHERE organisation = (SELECT organisation FROM member WHERE person = $1)";
    let objects: Vec<String> =
        sqlx::query_scalar(sql).bind(&owner.id).fetch_all(app.state.db.reader()).await.expect("objects");
    assert!(objects.len() > 5, "{objects:?}");
    let ids = objects.iter().filter_map(|object| object.split_once(':')).map(|(_, id)| id.to_owned());
    let all = ids.chain([owner.id.clone()]).chain(names.iter().map(|name| (*name).to_owned()));
    all.filter(|trace| text.contains(trace.as_str())).collect()
}

#[tokio::test]
async fn organisations_are_invisible_to_one_another_in_the_log_too() {
    let (app, ada, sue) = neighbours().await;
    let strange = ["Narwhal", "Sue group", "Sue's partner"];
    let own = ["Bridge", "Ada group", "Ada's partner"];
    let (by_ada, by_sue) = (all_told(&ada).await, all_told(&sue).await);
    assert_eq!(traces(&app, &sue, &strange, &by_ada).await, Vec::<String>::new(), "told to the administrator");
    assert_eq!(traces(&app, &ada, &own, &by_sue).await, Vec::<String>::new(), "told to the other owner");
    // Both find their own, the design too that is gone; the installation's is its administrator's.
    for (text, own) in [(&by_ada, &own), (&by_sue, &strange)] {
        assert!(own.iter().all(|name| text.contains(name)), "{text}");
    }
    assert_eq!(entries(&sue, "?object=narwhal").await.items.len(), 1);
    for who in [&ada, &sue] {
        assert_eq!(entries(who, "?action=design.expire").await.items.len(), 1, "{}", who.name);
    }
    assert_eq!(entries(&ada, "?action=installation.").await.items.len(), 1);
    assert_eq!(entries(&sue, "?action=installation.").await.items.len(), 0);
    // To the administrator the others' entries are there, so that the chain has no gap, and say nothing; nothing can be asked of them.
    let all: Vec<AuditEntry> = ada.get("/api/audit/export/json").await.read().expect("entries");
    assert!(all.windows(2).all(|w| w[0].sequence == w[1].sequence + 1), "no gap");
    let hidden = all.iter().filter(|e| e.detail.contains("another organisation")).collect::<Vec<_>>();
    assert!(hidden.len() > 5 && hidden.iter().all(|e| e.actor.is_empty() && e.object.is_empty() && e.salt.is_none()));
    let n_filtered = entries(&ada, "?action=share.").await.items.len();
    assert_eq!(n_filtered, 1, "one link of each, and one is hers to find");
    let owned: Vec<AuditEntry> = sue.get("/api/audit/export/json").await.read().expect("entries");
    assert!(owned.iter().all(|e| !e.detail.contains("hidden")), "an owner gets what is theirs, and no more");
    assert!(owned[0].action == "audit.export", "that they took it is theirs to know: {:?}", owned[0]);
    for who in [&ada, &sue] {
        let check: AuditCheck = who.get("/api/audit/check").await.read().expect("a check");
        assert_eq!(check.broken, None, "{}", who.name);
    }
    // Canary: entries that nobody assigned are the installation's, and the names are found.
    let mut write = app.state.db.write().await.expect("a transaction");
    write.execute("UPDATE audit SET organisation = NULL WHERE object LIKE 'project:%'").await.expect("forgotten");
    write.commit().await.expect("committed");
    let found = all_told(&ada).await;
    assert!(strange[..1].iter().all(|name| found.contains(name)), "the harness sees what leaks");
}

/// The upgrade assigns what was written before by what it is about, else by who did it, and hashes stay what they are.
#[tokio::test]
async fn entries_from_before_organisations_are_assigned_by_the_upgrade() {
    let (app, ada, sue) = neighbours().await;
    type Row = (i64, Option<String>);
    let sql = "SELECT sequence, organisation FROM audit WHERE action <> 'design.expire' ORDER BY sequence";
    let before: Vec<Row> = sqlx::query_as(sql).fetch_all(app.state.db.reader()).await.expect("rows");
    let of = |who: &Tester| {
        let sql = "SELECT organisation FROM member WHERE person = $1";
        sqlx::query_scalar::<_, String>(sql).bind(who.id.clone()).fetch_one(app.state.db.reader())
    };
    for who in [&ada, &sue] {
        let own = Some(of(who).await.expect("an organisation"));
        assert!(before.iter().filter(|row| row.1 == own).count() > 4, "{}: {before:?}", who.name);
    }
    let step = server::db::migration::known().into_iter().find(|step| step.version == 1501).expect("the migration");
    let update = step.sql.split(';').find(|sql| sql.contains("UPDATE audit")).expect("its update");
    let mut write = app.state.db.write().await.expect("a transaction");
    write.execute("UPDATE audit SET organisation = NULL").await.expect("as before");
    write.execute(sqlx::AssertSqlSafe(update.to_owned())).await.expect("upgraded");
    write.commit().await.expect("committed");
    let after: Vec<Row> = sqlx::query_as(sql).fetch_all(app.state.db.reader()).await.expect("rows");
    assert_eq!(after, before);
}

/// An export has no end but the log's.
#[tokio::test]
async fn a_long_log_is_taken_away_whole() {
    const N: usize = 100_100;
    let (app, ada) = world().await;
    tamper(
        &app,
        "WITH RECURSIVE n (i) AS (SELECT 5 UNION ALL SELECT i + 1 FROM n WHERE i < 100100) \
         INSERT INTO audit SELECT i, i, 'server', 'x.y', 'z', 'line', 'h', NULL, NULL, 1 FROM n",
    )
    .await;
    let all: Vec<AuditEntry> = ada.get("/api/audit/export/json").await.read().expect("entries");
    assert_eq!(all.len(), N);
    let in_order = all.iter().zip((1..=N as i64).rev()).all(|(entry, sequence)| entry.sequence == sequence);
    assert!(in_order, "each once, the newest first");
    // One was written by that export.
    let csv = ada.get("/api/audit/export/csv").await.text();
    assert_eq!(csv.lines().count(), N + 2);
    let taken = entries(&ada, "?action=audit.export").await;
    let details: Vec<&str> = taken.items.iter().map(|e| e.detail.as_str()).collect();
    assert_eq!(details, ["100101 entries as csv", "100100 entries as json"]);
}

/// Those of `secrets` that stand in the log, with all that it says.
async fn told(app: &TestApp, secrets: &[String]) -> (Vec<String>, String) {
    let rows = sqlx::query_as::<_, (String, String, String, String)>("SELECT actor, action, object, detail FROM audit")
        .fetch_all(app.state.db.reader())
        .await
        .expect("the log");
    let text = rows.iter().map(|r| format!("{r:?}")).collect::<Vec<_>>().join("\n");
    (secrets.iter().filter(|secret| text.contains(*secret)).cloned().collect(), text)
}

#[tokio::test]
async fn no_secret_stands_in_it() {
    let app = TestApp::new().await.expect("a server");
    let ada = app.administrator("Ada").await.expect("Ada");
    let project = app.project("Frame").await.expect("a project");
    let design = app.design(&project, &ada, &super::empty()).await.expect("a design");
    let mut secrets = vec![PASSWORD.to_owned(), "another long secret".to_owned()];
    let share: Share = ada
        .post(&format!("/api/designs/{design}/shares"), json!({"label": "P", "days": 7}))
        .await
        .read()
        .expect("a link");
    secrets.extend(share.link.as_deref().and_then(|l| l.rsplit('/').next()).map(str::to_owned));
    let token = ada.post("/api/auth/tokens", json!({"name": "x", "scopes": [], "days": 1})).await;
    secrets.extend(token.read::<app::api::auth::Token>().expect("a token").secret);
    let invited = ada.post("/api/organisation/invitations", json!({"role": "viewer", "days": 1})).await;
    let link = invited.read::<app::api::organisation::Invitation>().expect("an invitation").link;
    secrets.extend(link.as_deref().and_then(|l| l.rsplit('/').next()).map(str::to_owned));
    let bo = app.person("Bo", Role::Engineer).await.expect("Bo");
    let reset = ada.post(&format!("/api/organisation/members/{}/reset", bo.id), json!({})).await;
    let link = reset.read::<app::api::organisation::Link>().expect("a link").link;
    let reset = link.rsplit('/').next().expect("a token").to_owned();
    let again = json!({"token": reset, "password": "another long secret"});
    assert_eq!(app.nobody().post("/api/auth/reset", again).await.status, StatusCode::OK);
    secrets.push(reset);
    let login = json!({"email": bo.email, "password": "another long secret"});
    assert_eq!(app.nobody().post("/api/auth/login", login).await.status, StatusCode::OK);
    secrets.extend(ada.cookie.as_deref().and_then(|c| c.split('=').nth(1)).map(str::to_owned));
    assert_eq!(secrets.len(), 7, "{secrets:?}");
    let (found, text) = told(&app, &secrets).await;
    for action in
        ["share.create", "token.create", "invitation.create", "member.reset_link", "person.reset", "person.login"]
    {
        assert!(text.contains(action), "{action} is in the log:\n{text}");
    }
    assert_eq!(found, Vec::<String>::new(), "the log holds a secret:\n{text}");
    // Canary: each of them, written down by a server that forgets itself, is found.
    for secret in &secrets {
        audit::note(&app.state, "server", "share.create", "design:x", &format!("link {secret}")).await.expect("noted");
    }
    assert_eq!(told(&app, &secrets).await.0, secrets);
}
