//! What shows that a version does what it must, and the bytes that are kept of it.

use super::waiver;
use crate::api::requirement::evidence;
use crate::blob::blocking;
use crate::jobs::{self, store};
use crate::{Error, State, rooms};
use app::api::release::{Dropped, Kept, Proof};
use serde::{Deserialize, Serialize};
use solver::design::schema::Section;
use solver::design::{Design, Id, Object};
use solver::requirement::{Canary, Evidence, Record, Verdict, judge_as};
use std::collections::BTreeSet;
use std::io::ErrorKind;

/// The verdicts on a version, with the records of the runs that they rest on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Frozen {
    pub proofs: Vec<Proof>,
    pub records: Vec<Record>,
    /// What is asked for no more since the revision `since`.
    #[serde(default)]
    pub dropped: Vec<Dropped>,
    #[serde(default)]
    pub since: Option<String>,
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::NoEvidence => "no evidence",
        Verdict::Stale => "stale",
        Verdict::NoFiniteValue => "no finite value",
        Verdict::NotMet => "not met",
        Verdict::Indicated => "indicated only",
        Verdict::Met => "met",
    }
}

/// Judges `design` by `evidence`; `canary` for the test of the test.
pub fn judged(design: &Design, evidence: &[Evidence], canary: Canary) -> Vec<Proof> {
    let asked = design.section(Section::Requirement).filter(|r| !r.suppressed);
    let proof =
        |r: &Object| Proof { name: r.name.clone(), judgement: judge_as(design, r, evidence, canary), waived: None };
    asked.map(proof).collect()
}

/// What stands in the way of a release, in words: every mandatory requirement that is not met, with its verdict.
pub fn open(proofs: &[Proof]) -> Option<String> {
    let open: Vec<String> = proofs
        .iter()
        .filter(|p| p.is_blocking())
        .map(|p| format!("“{}” is {} ({})", p.name, word(p.judgement.verdict), p.judgement.reason))
        .collect();
    let what = if open.len() == 1 { "a mandatory requirement is" } else { "mandatory requirements are" };
    (!open.is_empty()).then(|| {
        format!(
            "{what} not met by fresh evidence and not waived.\n{}\nRun what is missing, or waive it.",
            open.join("\n")
        )
    })
}

/// How `content`, the design `id` at `sequence`, stands by what its runs left in the store, and what is asked of it no more.
///
/// # Errors
/// The database's and the disk's.
pub async fn look(state: &State, id: &str, sequence: u64, content: &Design) -> Result<Frozen, Error> {
    let asked = content.section(Section::Requirement).filter(|r| !r.suppressed);
    let studies: BTreeSet<Id> = asked.flat_map(|r| r.refs("study")).collect();
    let evidence = evidence(state, id, content, studies).await?;
    let mut proofs = judged(content, &evidence, Canary::default());
    waiver::sign(state, id, sequence, &mut proofs).await?;
    let decided: BTreeSet<&str> = proofs.iter().filter_map(|p| p.judgement.run.as_deref()).collect();
    // Only answers to what this version asks say something of it.
    let fresh = evidence.iter().filter(|e| e.is_fresh(content) && decided.contains(e.record.run.as_str()));
    let records = fresh.map(|e| e.record.clone()).collect();
    let (before, since) = match super::store::released(state, id).await? {
        None => (None, None),
        Some(last) => (Some(rooms::document(state, id, Some(last.sequence)).await?.design), Some(last.letters)),
    };
    Ok(Frozen { proofs, records, dropped: waiver::dropped(before.as_ref(), content), since })
}

/// Judges `content` again, by nothing but the bytes that the release keeps.
///
/// # Errors
/// The disk's. Damaged bytes are no error: they prove nothing, and the verdict says so.
pub async fn look_again(state: &State, content: &Design, frozen: &Frozen) -> Result<Vec<Proof>, Error> {
    let (blobs, records) = (state.blobs.store().clone(), frozen.records.clone());
    let evidence: Vec<Evidence> = blocking(move || {
        let read = |record: Record| match blobs.get(&record.artefact) {
            Ok(bytes) => Ok(Evidence::read(record, &bytes.unwrap_or_default())),
            Err(e) if matches!(e.kind(), ErrorKind::InvalidData | ErrorKind::InvalidInput) => {
                Ok(Evidence::read(record, &[]))
            }
            Err(e) => Err(e),
        };
        records.into_iter().map(read).collect()
    })
    .await?;
    Ok(judged(content, &evidence, Canary::default()))
}

/// Stores what a release keeps: the design, and of each run that is evidence its artefacts and its report.
///
/// # Errors
/// The database's and the disk's; [`Error::Conflict`] for an answer that this build cannot read.
pub async fn keep(state: &State, content: &Design, frozen: &Frozen) -> Result<Vec<Kept>, Error> {
    let put = async |run: &str, name: &str, kind: &str, bytes: Vec<u8>| {
        let n = bytes.len() as u64;
        let hash = state.blobs.put(bytes.into()).await?;
        Ok::<_, Error>(Kept { run: run.to_owned(), name: name.to_owned(), kind: kind.to_owned(), hash, bytes: n })
    };
    let mut kept = vec![put("", "", "design", serde_json::to_vec(content).map_err(Error::internal)?).await?];
    for record in &frozen.records {
        let (run, artefacts) = {
            let mut reader = state.db.reader().acquire().await?;
            (store::get(&mut reader, &record.run).await?, store::artefacts(&mut reader, &record.run).await?)
        };
        let name = run.study_name.clone();
        kept.push(put(&record.run, &name, "report", jobs::report_of(state, run, content.clone()).await?).await?);
        let left = artefacts.into_iter();
        kept.extend(left.map(|(kind, hash, bytes)| Kept {
            run: record.run.clone(),
            name: name.clone(),
            kind,
            hash,
            bytes,
        }));
    }
    Ok(kept)
}
