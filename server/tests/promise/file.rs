//! P21, the server's part: what may come in, and how it goes out.

use app::api::design::StoredFile;
use axum::http::{Method, StatusCode};
use server::api::file::FILE_BYTES_MAX;
use server::testing::{TestApp, Tester};

async fn design() -> (TestApp, Tester, String) {
    let app = TestApp::new().await.expect("a server");
    let ada = app.administrator("Ada").await.expect("Ada");
    let project = app.project("Frame").await.expect("a project");
    let design = app.design(&project, &ada, &super::empty()).await.expect("a design");
    (app, ada, format!("/api/designs/{design}"))
}

#[tokio::test]
async fn a_file_comes_back_as_harmless_bytes() {
    let (_app, ada, path) = design().await;
    let page = b"<html><script>alert(1)</script>".to_vec();
    let stored: StoredFile =
        ada.send(Method::POST, &format!("{path}/files?name=evil.html"), page.clone()).await.read().expect("stored");
    let again: StoredFile = ada
        .send(Method::POST, &format!("{path}/files?name=evil.html"), page.clone())
        .await
        .read()
        .expect("stored again");
    assert_eq!(stored, again);
    let answer = ada.get(&format!("{path}/files/{}", stored.hash)).await;
    assert_eq!(answer.body, page);
    let header = |name: &str| answer.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
    assert_eq!(header("content-type"), "application/octet-stream");
    assert_eq!(header("content-disposition"), "attachment");
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert!(header("content-security-policy").contains("sandbox"));
}

#[tokio::test]
async fn what_is_too_large_or_nameless_is_refused() {
    let (_app, ada, path) = design().await;
    let upload = async |name: &str, bytes: Vec<u8>| {
        ada.send(Method::POST, &format!("{path}/files?name={name}"), bytes).await.status
    };
    assert_eq!(upload("big.stl", vec![0; FILE_BYTES_MAX + 1]).await, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(upload("fits.stl", vec![0; FILE_BYTES_MAX]).await, StatusCode::OK);
    assert_eq!(upload("empty.stl", Vec::new()).await, StatusCode::UNPROCESSABLE_ENTITY);
    for name in ["", "..%2Fpasswd", "a%5Cb", "a%0Ab", "a%E2%80%AEb"] {
        assert_eq!(upload(name, vec![1]).await, StatusCode::UNPROCESSABLE_ENTITY, "{name}");
    }
    let long = "x".repeat(2 * 1024 * 1024);
    assert_eq!(
        ada.post("/api/projects", serde_json::json!({"name": long})).await.status,
        StatusCode::PAYLOAD_TOO_LARGE
    );
}

#[tokio::test]
async fn a_file_belongs_to_its_design() {
    let (app, ada, path) = design().await;
    let stored: StoredFile =
        ada.send(Method::POST, &format!("{path}/files?name=a.stl"), b"solid".to_vec()).await.read().expect("stored");
    let project = app.project("Other").await.expect("a project");
    let other = app.design(&project, &ada, &super::empty()).await.expect("a design");
    let answer = ada.get(&format!("/api/designs/{other}/files/{}", stored.hash)).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND, "knowing a hash opens nothing");
}

#[tokio::test]
async fn an_input_deck_is_read_without_changing_the_design() {
    const TET: &str = "*NODE\n1,0.,0.,0.\n2,9.,0.,0.\n3,0.,9.,0.\n4,0.,0.,9.\n*ELEMENT,TYPE=C3D4,ELSET=E\n1,1,2,3,4\n\
                       *MATERIAL,NAME=M\n*ELASTIC\n70000.,0.33\n*SOLID SECTION,ELSET=E,MATERIAL=M\n";
    let (_app, ada, path) = design().await;
    let upload = async |name: &str, text: &str| -> StoredFile {
        let answer = ada.send(Method::POST, &format!("{path}/files?name={name}"), text.as_bytes().to_vec()).await;
        answer.read().expect("stored")
    };
    let ask = async |file: &StoredFile, units: &str| {
        ada.post(&format!("{path}/files/{}/deck", file.hash), serde_json::json!({"units": units})).await
    };
    let good = upload("part.inp", TET).await;
    let reading: solver::deck::Reading = ask(&good, "metre").await.read().expect("a reading");
    assert_eq!((reading.n_nodes, reading.size), (4, [9.0; 3]));
    assert_eq!(reading.objects.iter().map(|o| o.kind.as_str()).collect::<Vec<_>>(), ["import", "isotropic"]);
    let bad = upload("bad.inp", &TET.replace("70000.,0.33", "stiff")).await;
    let answer = ask(&bad, "millimetre").await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(String::from_utf8_lossy(&answer.body).contains("Line 10 of the input deck"));
    let other = upload("part.stl", "solid").await;
    assert_eq!(ask(&other, "millimetre").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let document: app::api::design::Document = ada.get(&format!("{path}/document")).await.read().expect("the document");
    assert!(document.design.objects.is_empty(), "reading changes nothing");
}
