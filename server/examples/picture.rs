//! Draws a field of a stored result: `cargo run -p server --example picture -- <result.outcome> <picture.png> [field [case [top]]]`;
//! values above the top have its colour.

use anyhow::{Context, Result};
use server::picture;
use solver::study::outcome::{Location, Outcome};

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [from, to, rest @ ..] = arguments.as_slice() else { anyhow::bail!("name a result and a picture") };
    let (id, case) = (rest.first().map_or("von_mises", String::as_str), rest.get(1).map(String::as_str));
    let bytes = std::fs::read(from).with_context(|| format!("cannot read {from}"))?;
    let mut outcome = Outcome::from_bytes(&bytes).map_err(|e| anyhow::anyhow!("{from}: {e:?}"))?;
    if let Some(top) = rest.get(2) {
        let top: f32 = top.parse().with_context(|| format!("{top} is no number"))?;
        let shown = outcome.fields.iter_mut().filter(|f| f.id == id).flat_map(|f| &mut f.values);
        shown.for_each(|v| *v = v.min(top));
    }
    let is_it = |f: &&solver::study::outcome::Field| {
        f.id == id && f.location == Location::Point && (case.is_none() || f.case.as_deref() == case)
    };
    let field = outcome.fields.iter().find(is_it).with_context(|| format!("{from} has no field {id}"))?;
    let picture = picture::of(&outcome, field, 0.0).context("the field stands on no skin")?;
    std::fs::write(to, picture.png).with_context(|| format!("cannot write {to}"))
}
