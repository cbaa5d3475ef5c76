//! Names for people: what a face or an edge is called in a panel or a message.

use super::object::{Design, Id};
use crate::surface::{EdgeName, FaceName};

/// A face as people read it: `Bolt hole · wall (Pattern 1, 3)`.
///
/// Ids in the name become the labels that their objects have now; a feature that is gone shows its id.
pub fn describe_face(design: &Design, name: &FaceName) -> String {
    let label = |id: &str| design.get(&Id(id.into())).map_or_else(|| id.to_string(), |o| o.name.clone());
    let part = match name.part().split_once('(') {
        // A blend is told by the edge it rounds, and that is a pair of names of its own.
        Some((kind, of)) => {
            let faces: Vec<String> = split_pair(of.strip_suffix(')').unwrap_or(of))
                .map(|(a, b)| [a, b].map(|f| describe_face(design, &FaceName(f.into()))).to_vec())
                .unwrap_or_default();
            if faces.is_empty() { kind.to_string() } else { format!("{kind} between {}", faces.join(" and ")) }
        }
        None => name.part().replace('_', " "),
    };
    let mut text = label(name.feature());
    if !part.is_empty() {
        text.push_str(" · ");
        text.push_str(&part);
    }
    let instances: Vec<String> = name.instances().map(|(by, n)| format!("{}, {n}", label(by))).collect();
    if !instances.is_empty() {
        text.push_str(&format!(" ({})", instances.join("; ")));
    }
    text
}

/// An edge as people read it: `Plate · top | Bolt hole · wall`.
pub fn describe_edge(design: &Design, name: &EdgeName) -> String {
    let [a, b] = &name.faces;
    let mut text = format!("{} | {}", describe_face(design, a), describe_face(design, b));
    if name.piece > 0 {
        text.push_str(&format!(" ({})", name.piece + 1));
    }
    text
}

/// Splits `a|b` at the bar that stands outside any bracket.
fn split_pair(text: &str) -> Option<(&str, &str)> {
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            '|' if depth == 0 => return Some((&text[..at], &text[at + 1..])),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::design::Object;
    use std::sync::Arc;

    #[test]
    fn ids_become_labels() {
        let mut design = Design::new();
        for (id, kind, name) in
            [("box_a", "box", "Plate"), ("hole_b", "hole", "Bolt hole"), ("pat", "pattern_linear", "Row")]
        {
            design.objects.push(Arc::new(Object::new(id, kind, name)));
        }
        let check = |name: &str, text: &str| assert_eq!(describe_face(&design, &FaceName(name.into())), text);
        check("box_a.top", "Plate · top");
        check("hole_b.wall#pat.3", "Bolt hole · wall (Row, 3)");
        check("gone.side1", "gone · side1");
        check(
            "fillet_x.round(box_a.top|hole_b.wall#pat.3)",
            "fillet_x · round between Plate · top and Bolt hole · wall (Row, 3)",
        );
        check(
            "f.round(g.round(box_a.top|box_a.left)|box_a.back)#pat.2",
            "f · round between g · round between Plate · top and Plate · left and Plate · back (Row, 2)",
        );
        check("odd", "odd");
    }
}
