//! The demo project of a new installation, and a portfolio to see the board with.

pub mod portfolio;

use crate::{Error, api, db};

/// Templates the demo shows, where they exist.
const TEMPLATES: [&str; 4] = ["bracket", "lug", "flange", "heat_sink"];

/// Makes the project "Demo", open to everyone in `organisation`, with a design from each demo template.
///
/// # Errors
/// When the database refuses.
pub async fn seed(write: &mut db::Connection, organisation: &str, person: &str, now: i64) -> Result<(), Error> {
    let project = api::project::insert(write, organisation, "Demo", true, now).await?;
    for id in TEMPLATES {
        // Home lists the latest change first; the bracket, which the first steps use, comes out on top.
        let rank = TEMPLATES.iter().position(|t| *t == id).unwrap_or(0) as i64;
        if let Some(template) = solver::design::template(id) {
            let content = (template.build)();
            api::design::insert(
                write,
                &project,
                &format!("Demo {}", template.label.to_lowercase()),
                &content,
                person,
                now - rank,
            )
            .await?;
        }
    }
    Ok(())
}
