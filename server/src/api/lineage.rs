//! Kinship of designs: what was branched from what, what was merged where, and which versions two branches have in common.

use crate::db::Db;
use crate::{Error, State, rooms};
use solver::design::{Design, common};
use sqlx::Row as _;
use std::collections::BTreeMap;
use std::pin::Pin;

/// A version: design and position of its log.
pub type At = (String, u64);

/// Everything that came into a version: of each design the newest position, and with it all before.
pub type Ancestors = BTreeMap<String, u64>;

/// Everyone of a design's family, at any distance, removed ones too. `$1`: one of them.
const FAMILY: &str = "WITH RECURSIVE family (id) AS (SELECT $1 UNION \
     SELECT CASE WHEN origin.design = family.id THEN origin.parent ELSE origin.design END \
     FROM family JOIN origin ON origin.design = family.id OR origin.parent = family.id) ";

/// The branches and merges of one family of designs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lineage {
    /// What each was branched from.
    pub origins: BTreeMap<String, At>,
    /// Merges into each: the position that a merge made, and what it took.
    merges: BTreeMap<String, Vec<(u64, At)>>,
}

impl Lineage {
    /// Reads the family of `design`.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn read(db: &Db, design: &str) -> Result<Self, Error> {
        let mut family = Self::default();
        let origins = format!(
            "{FAMILY} SELECT origin.design, origin.parent, origin.sequence FROM origin JOIN family ON family.id = origin.design"
        );
        for row in sqlx::query(sqlx::AssertSqlSafe(origins)).bind(design).fetch_all(db.reader()).await? {
            family.origins.insert(row.get(0), (row.get(1), row.get::<i64, _>(2) as u64));
        }
        let merges = format!(
            "{FAMILY} SELECT provenance.design, COALESCE(provenance.sequence, entry.sequence) AS made, source, source_sequence \
             FROM provenance JOIN family ON family.id = provenance.design \
             LEFT JOIN entry ON entry.design = provenance.design AND entry.author = provenance.author \
             AND entry.client = provenance.client AND entry.number = provenance.number \
             WHERE kind = 'merge' AND COALESCE(provenance.sequence, entry.sequence) IS NOT NULL ORDER BY made"
        );
        for row in sqlx::query(sqlx::AssertSqlSafe(merges)).bind(design).fetch_all(db.reader()).await? {
            let merge = (row.get::<i64, _>(1) as u64, (row.get(2), row.get::<i64, _>(3) as u64));
            family.merges.entry(row.get(0)).or_default().push(merge);
        }
        Ok(family)
    }

    /// Everyone of the family, in the order of ids.
    pub fn members(&self) -> Vec<&str> {
        let mut all: Vec<&str> = self.origins.iter().flat_map(|(id, (parent, _))| [id.as_str(), parent]).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// What came into a version, itself too.
    pub fn ancestors(&self, at: &At) -> Ancestors {
        let mut all = Ancestors::new();
        let mut waiting = vec![at.clone()];
        while let Some((design, sequence)) = waiting.pop() {
            let known = all.get(&design).copied();
            if known.is_some_and(|known| known >= sequence) {
                continue;
            }
            if known.is_none() {
                waiting.extend(self.origins.get(&design).cloned());
            }
            let merges = self.merges.get(&design).into_iter().flatten();
            waiting.extend(merges.filter(|(made, _)| *made <= sequence).map(|(_, from)| from.clone()));
            all.insert(design, sequence);
        }
        all
    }

    /// The newest versions that came into both: one, unless each took over from the other at once. None without kinship.
    pub fn newest_common(&self, a: &Ancestors, b: &Ancestors) -> Vec<At> {
        let both = a.iter().filter_map(|(id, at)| Some((id.clone(), *at.min(b.get(id)?))));
        let both: Vec<(At, Ancestors)> = both.map(|at| (at.clone(), self.ancestors(&at))).collect();
        let older =
            |at: &At| both.iter().any(|(other, came)| other != at && came.get(&at.0).is_some_and(|s| *s >= at.1));
        both.iter().map(|(at, _)| at).filter(|at| !older(at)).cloned().collect()
    }

    /// A design that was branched from just this version: it begins with the same content.
    fn twins<'a>(&'a self, at: &'a At) -> impl Iterator<Item = &'a String> {
        self.origins.iter().filter(move |(_, origin)| *origin == at).map(|(id, _)| id)
    }

    async fn content(&self, state: &State, at: &At) -> Result<Design, Error> {
        let mut found = rooms::document(state, &at.0, Some(at.1)).await;
        for twin in self.twins(at) {
            if matches!(found, Err(Error::NotFound(_))) {
                found = rooms::document(state, twin, Some(0)).await;
            }
        }
        match found {
            Ok(document) => Ok(document.design),
            Err(Error::NotFound(_)) => Err(Error::Conflict(
                "The version that both branches came from was removed with its design, so nobody can tell any more who \
                 changed what. Compare the two, and make the edits by hand."
                    .to_owned(),
            )),
            Err(other) => Err(other),
        }
    }

    /// What two versions have in common as one design, and where it stands: the first of several.
    ///
    /// # Errors
    /// [`Error::Conflict`] without kinship, or where the common version is gone.
    pub fn base<'a>(
        &'a self,
        state: &'a State,
        a: &'a Ancestors,
        b: &'a Ancestors,
    ) -> Pin<Box<dyn Future<Output = Result<(At, Design), Error>> + Send + 'a>> {
        Box::pin(async move {
            let mut newest = self.newest_common(a, b).into_iter();
            let first = newest.next().ok_or_else(|| {
                Error::Conflict(
                    "These two designs are not branches of one another; only branches can be merged.".to_owned(),
                )
            })?;
            let mut design = self.content(state, &first).await?;
            // Several: one after the other, as the merge of two branches that ended there.
            let mut came = self.ancestors(&first);
            for at in newest {
                let (own, other) = (self.ancestors(&at), self.content(state, &at).await?);
                let (_, older) = self.base(state, &came, &own).await?;
                design = common(&older, &design, &other).map_err(|refusal| Error::Conflict(refusal.to_string()))?;
                for (id, at) in own {
                    let newest = came.entry(id).or_default();
                    *newest = at.max(*newest);
                }
            }
            Ok((first, design))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(design: &str, sequence: u64) -> At {
        (design.to_owned(), sequence)
    }

    /// `b` branched from `a` at 3, `c` from `b` at 2.
    fn family(merges: &[(&str, u64, &str, u64)]) -> Lineage {
        let origins = [("b".to_owned(), at("a", 3)), ("c".to_owned(), at("b", 2))].into();
        let mut lineage = Lineage { origins, ..Lineage::default() };
        for (into, made, from, taken) in merges {
            lineage.merges.entry((*into).to_owned()).or_default().push((*made, at(from, *taken)));
        }
        lineage
    }

    fn newest(lineage: &Lineage, a: At, b: At) -> Vec<At> {
        lineage.newest_common(&lineage.ancestors(&a), &lineage.ancestors(&b))
    }

    #[test]
    fn branches_meet_where_they_parted() {
        let lineage = family(&[]);
        assert_eq!(newest(&lineage, at("a", 9), at("b", 5)), [at("a", 3)]);
        assert_eq!(newest(&lineage, at("a", 2), at("c", 5)), [at("a", 2)]);
        assert_eq!(newest(&lineage, at("c", 4), at("b", 7)), [at("b", 2)]);
        assert_eq!(newest(&lineage, at("a", 4), at("x", 7)), []);
        assert_eq!(lineage.members(), ["a", "b", "c"]);
    }

    #[test]
    fn a_merge_moves_the_common_version_on() {
        let lineage = family(&[("a", 6, "b", 4)]);
        assert_eq!(newest(&lineage, at("a", 7), at("b", 9)), [at("b", 4)]);
        // Before the merge it is as it was.
        assert_eq!(newest(&lineage, at("a", 5), at("b", 9)), [at("a", 3)]);
        // And back: what `a` has after taking `b`.
        let lineage = family(&[("a", 6, "b", 4), ("b", 10, "a", 8)]);
        assert_eq!(newest(&lineage, at("a", 9), at("b", 11)), [at("a", 8)]);
        // What `b` had of `c` came along.
        let lineage = family(&[("b", 5, "c", 3), ("a", 6, "b", 5)]);
        assert_eq!(newest(&lineage, at("a", 6), at("c", 9)), [at("c", 3)]);
    }

    #[test]
    fn two_merges_across_leave_two_common_versions() {
        let lineage = family(&[("a", 6, "b", 4), ("b", 7, "a", 5)]);
        assert_eq!(newest(&lineage, at("a", 9), at("b", 9)), [at("a", 5), at("b", 4)]);
    }
}
