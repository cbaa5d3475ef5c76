//! Orders of objects: which of them stood still between two, and how two that came of one are brought together.

use super::object::Id;
use std::collections::{BTreeMap, BTreeSet};

/// The objects of both orders that need not be moved to get from one to the other: a longest common subsequence, and
/// always the same one.
///
/// Every id stands once in each order. O(n log n): patience sorting, Fredman (1975).
pub(super) fn still<'a>(before: &[&'a Id], after: &[&'a Id]) -> BTreeSet<&'a Id> {
    let place: BTreeMap<&Id, usize> = before.iter().enumerate().map(|(i, id)| (*id, i)).collect();
    let common: Vec<(&'a Id, usize)> = after.iter().filter_map(|id| Some((*id, *place.get(id)?))).collect();
    // `tails[k]`: the entry of `common` with the smallest place that ends an increasing run of k + 1.
    let mut tails: Vec<usize> = Vec::new();
    let mut previous: Vec<Option<usize>> = Vec::with_capacity(common.len());
    for (i, (_, at)) in common.iter().enumerate() {
        let k = tails.partition_point(|t| common[*t].1 < *at);
        previous.push(k.checked_sub(1).map(|k| tails[k]));
        if k == tails.len() {
            tails.push(i);
        } else {
            tails[k] = i;
        }
    }
    let mut out = BTreeSet::new();
    let mut next = tails.last().copied();
    while let Some(i) = next {
        out.insert(common[i].0);
        next = previous[i];
    }
    out
}

/// One of the two orders that came of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    Ours,
    Theirs,
}

impl Side {
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Ours => Self::Theirs,
            Self::Theirs => Self::Ours,
        }
    }
}

/// What became of the order on one side.
struct Branch<'a> {
    order: Vec<&'a Id>,
    /// Objects of all three orders that stood still.
    still: BTreeSet<&'a Id>,
    /// Objects of all three that did not, and those that both sides added, as far as this side's place for them counts.
    moved: BTreeSet<&'a Id>,
}

impl<'a> Branch<'a> {
    /// What stands in this side's order since each of `anchors`, by the number of anchors before it: moved objects and
    /// those that only this side has.
    fn runs(&self, anchors: &BTreeMap<&'a Id, usize>, all: &BTreeSet<&'a Id>) -> BTreeMap<usize, Vec<&'a Id>> {
        let mut gap = 0;
        let mut out: BTreeMap<usize, Vec<&'a Id>> = BTreeMap::new();
        for id in &self.order {
            match anchors.get(id) {
                Some(at) if self.still.contains(id) => gap = at + 1,
                _ if self.moved.contains(id) || !all.contains(id) => out.entry(gap).or_default().push(id),
                // The other side's to place.
                _ => {}
            }
        }
        out
    }
}

/// Two orders of one brought together.
pub(super) struct MergedOrder<'a> {
    pub order: Vec<&'a Id>,
    /// Objects that both sides moved, to different places, or whose moves contradict one another.
    pub conflicts: BTreeSet<&'a Id>,
}

/// Brings `ours` and `theirs` together, which came of `base`. Each of the result's objects stands in at least one of
/// them, and every object they hold belongs to the result; `choices` says whose place counts for an object in conflict,
/// ours without.
///
/// What neither side moved keeps the order of `base`; what a side moved or added follows what it follows there. Where both
/// put something new in one place, the run with the smaller first id comes first, so that the result does not depend on
/// which side is called ours.
pub(super) fn merge_order<'a>(
    base: &[&'a Id],
    ours: &[&'a Id],
    theirs: &[&'a Id],
    choices: &BTreeMap<Id, Side>,
) -> MergedOrder<'a> {
    let in_ours: BTreeSet<&Id> = ours.iter().copied().collect();
    let both: BTreeSet<&Id> = theirs.iter().copied().filter(|id| in_ours.contains(id)).collect();
    let common: Vec<&Id> = base.iter().copied().filter(|id| both.contains(id)).collect();
    let old: BTreeSet<&Id> = common.iter().copied().collect();
    let added: BTreeSet<&Id> = both.difference(&old).copied().collect();
    let branch = |order: &[&'a Id]| {
        let still = still(&common, order);
        let moved = common.iter().copied().filter(|id| !still.contains(id)).chain(added.iter().copied()).collect();
        Branch { order: order.to_vec(), still, moved }
    };
    let (mut ours, mut theirs) = (branch(ours), branch(theirs));
    let common_order = |b: &Branch<'a>| b.order.iter().copied().filter(|id| both.contains(id)).collect::<Vec<_>>();
    if common_order(&ours) == common_order(&theirs) {
        return MergedOrder { order: build(&common, &both, &ours, &theirs), conflicts: BTreeSet::new() };
    }
    let mut conflicts = elsewhere(&common, &both, &ours, &theirs);
    if conflicts.is_empty() {
        let order = build(&common, &both, &ours, &theirs);
        conflicts = against(&order, &places(&common, &both, &ours, &theirs), &ours, &theirs);
        if conflicts.is_empty() {
            return MergedOrder { order, conflicts };
        }
    }
    for id in &conflicts {
        match choices.get(*id) {
            Some(Side::Theirs) => ours.moved.remove(id),
            Some(Side::Ours) | None => theirs.moved.remove(id),
        };
    }
    MergedOrder { order: build(&common, &both, &ours, &theirs), conflicts }
}

/// Anchors: what neither side moved, in the order of the base, with their numbers.
fn anchors<'a>(common: &[&'a Id], ours: &Branch<'a>, theirs: &Branch<'a>) -> Vec<&'a Id> {
    common.iter().copied().filter(|id| !ours.moved.contains(id) && !theirs.moved.contains(id)).collect()
}

fn numbered<'a>(list: &[&'a Id]) -> BTreeMap<&'a Id, usize> {
    list.iter().enumerate().map(|(i, id)| (*id, i)).collect()
}

/// Where an object that both sides have stands in the three orders.
#[derive(Clone, Copy)]
struct Place {
    base: Option<usize>,
    ours: usize,
    theirs: usize,
}

impl Place {
    /// Whether it stands before the other in the result: as both sides have it, else as the side that changed it. `None`
    /// where nothing says so, of two that both sides added.
    fn is_before(self, other: Self) -> Option<bool> {
        let (ours, theirs) = (self.ours < other.ours, self.theirs < other.theirs);
        if ours == theirs {
            return Some(ours);
        }
        let base = self.base? < other.base?;
        Some(if ours == base { theirs } else { ours })
    }
}

fn places<'a>(
    common: &[&'a Id],
    both: &BTreeSet<&'a Id>,
    ours: &Branch<'a>,
    theirs: &Branch<'a>,
) -> BTreeMap<&'a Id, Place> {
    let (base, a, b) = (numbered(common), numbered(&ours.order), numbered(&theirs.order));
    both.iter().map(|id| (*id, Place { base: base.get(id).copied(), ours: a[id], theirs: b[id] })).collect()
}

fn build<'a>(common: &[&'a Id], both: &BTreeSet<&'a Id>, ours: &Branch<'a>, theirs: &Branch<'a>) -> Vec<&'a Id> {
    let list = anchors(common, ours, theirs);
    let number = numbered(&list);
    let (mut a, mut b) = (ours.runs(&number, both), theirs.runs(&number, both));
    let places = places(common, both, ours, theirs);
    let mut out = Vec::new();
    for gap in 0..=list.len() {
        out.extend(gap.checked_sub(1).map(|i| list[i]));
        let (a, b) = (a.remove(&gap).unwrap_or_default(), b.remove(&gap).unwrap_or_default());
        interleave(&a, &b, &places, &mut out);
    }
    out
}

/// Two runs as one: what stands in both keeps them in step.
fn interleave<'a>(a: &[&'a Id], b: &[&'a Id], places: &BTreeMap<&'a Id, Place>, out: &mut Vec<&'a Id>) {
    let (mut a, mut b) = (a, b);
    let in_b: BTreeSet<&Id> = b.iter().copied().collect();
    for id in a.iter().copied().filter(|id| in_b.contains(id)).collect::<Vec<_>>() {
        let at = |list: &[&Id]| list.iter().position(|x| *x == id);
        // In the same order in both: what contradicts itself is told before.
        let (Some(i), Some(j)) = (at(a), at(b)) else { continue };
        zip(&a[..i], &b[..j], places, out);
        out.push(id);
        (a, b) = (&a[i + 1..], &b[j + 1..]);
    }
    zip(a, b, places, out);
}

/// Two runs with nothing in common as one. What a side added stays behind what it follows; of two moved objects, the first
/// is which stands first by the side that changed that, and else the smaller id.
fn zip<'a>(a: &[&'a Id], b: &[&'a Id], places: &BTreeMap<&'a Id, Place>, out: &mut Vec<&'a Id>) {
    let (mut a, mut b) = (a, b);
    while let (Some(x), Some(y)) = (a.first(), b.first()) {
        let known = places.get(x).zip(places.get(y)).and_then(|(x, y)| x.is_before(*y));
        let from = if known.unwrap_or(x < y) { &mut a } else { &mut b };
        let n = 1 + from[1..].iter().take_while(|id| !places.contains_key(*id)).count();
        out.extend(&from[..n]);
        *from = &from[n..];
    }
    out.extend(a.iter().chain(b));
}

/// Objects that both sides placed, in different places.
fn elsewhere<'a>(
    common: &[&'a Id],
    both: &BTreeSet<&'a Id>,
    ours: &Branch<'a>,
    theirs: &Branch<'a>,
) -> BTreeSet<&'a Id> {
    let number = numbered(&anchors(common, ours, theirs));
    let (a, b) = (ours.runs(&number, both), theirs.runs(&number, both));
    let twice = |id: &&&'a Id| ours.moved.contains(**id) && theirs.moved.contains(**id);
    let gaps = |runs: &BTreeMap<usize, Vec<&'a Id>>| -> BTreeMap<&'a Id, usize> {
        runs.iter().flat_map(|(gap, run)| run.iter().filter(twice).map(|id| (*id, *gap))).collect()
    };
    let (at, bt) = (gaps(&a), gaps(&b));
    let mut out: BTreeSet<&Id> = at.iter().filter(|(id, gap)| bt.get(*id) != Some(*gap)).map(|(id, _)| *id).collect();
    for (gap, run) in &a {
        let here = |run: &[&'a Id]| -> Vec<&'a Id> {
            run.iter().filter(twice).copied().filter(|id| !out.contains(id)).collect()
        };
        let (x, y) = (here(run), here(b.get(gap).map_or(&[][..], Vec::as_slice)));
        // Whoever stands on another side of something: a shortest list would depend on which side is ours.
        let (i, j) = (numbered(&x), numbered(&y));
        let apart = |id: &&Id| x.iter().any(|o| (i[id] < i[o]) != (j[id] < j[o]));
        out.extend(x.iter().copied().filter(apart).collect::<Vec<_>>());
    }
    out
}

/// Moved objects that `order` puts on another side of something than the side which changed that: moves that contradict
/// one another, as where one side exchanges the first two of three, and the other the last two.
fn against<'a>(
    order: &[&'a Id],
    places: &BTreeMap<&'a Id, Place>,
    ours: &Branch<'a>,
    theirs: &Branch<'a>,
) -> BTreeSet<&'a Id> {
    let number = numbered(order);
    let all: Vec<(&Id, Place, usize)> = places.iter().map(|(id, place)| (*id, *place, number[id])).collect();
    let moved = |id: &Id| ours.moved.contains(id) || theirs.moved.contains(id);
    let wrong = |(id, place, at): &&(&'a Id, Place, usize)| {
        let misplaced = |(y, other, by): &(&Id, Place, usize)| {
            y != id && place.is_before(*other).is_some_and(|before| before != (at < by))
        };
        moved(id) && all.iter().any(misplaced)
    };
    all.iter().filter(wrong).map(|(id, ..)| *id).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(text: &str) -> Vec<Id> {
        text.chars().map(|c| Id(c.to_string())).collect()
    }

    /// Result and conflicts of three orders, a letter for each object.
    fn merged(base: &str, ours: &str, theirs: &str, choices: &[(&str, Side)]) -> (String, String) {
        let (b, o, t) = (ids(base), ids(ours), ids(theirs));
        let choices = choices.iter().map(|(id, side)| (Id::from(*id), *side)).collect();
        let (b, o, t): (Vec<&Id>, Vec<&Id>, Vec<&Id>) = (b.iter().collect(), o.iter().collect(), t.iter().collect());
        let out = merge_order(&b, &o, &t, &choices);
        let text = |v: Vec<&Id>| v.into_iter().map(|id| id.0.as_str()).collect::<String>();
        (text(out.order), text(out.conflicts.into_iter().collect()))
    }

    #[test]
    fn orders_come_together() {
        let check = |base: &str, ours: &str, theirs: &str, order: &str, conflicts: &str| {
            let expected = (order.to_string(), conflicts.to_string());
            assert_eq!(merged(base, ours, theirs, &[]), expected, "{base} {ours} {theirs}");
            if conflicts.is_empty() {
                assert_eq!(merged(base, theirs, ours, &[]), expected, "{base} {theirs} {ours}");
            } else {
                assert_eq!(merged(base, theirs, ours, &[]).1, conflicts, "{base} {theirs} {ours}");
            }
        };
        check("abcd", "abcd", "dabc", "dabc", "");
        check("abcd", "bcda", "bcda", "bcda", "");
        check("abcdef", "fabcde", "bacdef", "fbacde", "");
        check("abcdef", "abcxdef", "aybcdef", "aybcxdef", "");
        check("abc", "abcxy", "abczw", "abcxyzw", "");
        check("abcd", "axcd", "acd", "axcd", "");
        // Several to one place, each by one side.
        check("abcdef", "defabc", "bacdef", "defbac", "");
        // The same object to two places.
        check("abcdef", "bcadef", "bcdefa", "bcadef", "a");
        // Exchanges that contradict one another.
        check("abc", "bac", "acb", "bac", "bc");
        // Both added it, each elsewhere.
        check("abc", "abxc", "xabc", "abxc", "x");
        check("abc", "abcxy", "abcyx", "abcxy", "xy");
    }

    #[test]
    fn a_choice_takes_the_place_of_one_side() {
        let by = |side| merged("abcdef", "bcadef", "bcdefa", &[("a", side)]).0;
        assert_eq!(by(Side::Ours), "bcadef");
        assert_eq!(by(Side::Theirs), "bcdefa");
        let by = |side| merged("abc", "abxc", "xabc", &[("x", side)]).0;
        assert_eq!((by(Side::Ours).as_str(), by(Side::Theirs).as_str()), ("abxc", "xabc"));
    }

    #[test]
    fn what_stands_still_is_as_much_as_can_be() {
        let (a, b) = (ids("abcdef"), ids("fbacdxe"));
        let (a, b): (Vec<&Id>, Vec<&Id>) = (a.iter().collect(), b.iter().collect());
        assert_eq!(still(&a, &b).len(), 4);
        assert_eq!(still(&a, &a).len(), 6);
        assert!(still(&a, &[]).is_empty());
    }
}
