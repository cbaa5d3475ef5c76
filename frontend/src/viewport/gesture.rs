//! From raw pointer and wheel input to intentions: a state machine without a browser.

use app::viewport::Navigation;
use glam::DVec2;

/// Further than this a press is a drag, CSS pixels.
const SLOP: f64 = 4.0;
const DOUBLE_MS: f64 = 400.0;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Modifiers {
    pub shift: bool,
    pub ctrl: bool,
    pub alt: bool,
}

/// Positions in CSS pixels from the canvas's top left corner, times in ms.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Input {
    Down {
        id: i32,
        touch: bool,
        button: i16,
        at: DVec2,
        modifiers: Modifiers,
    },
    Move {
        id: i32,
        at: DVec2,
    },
    Up {
        id: i32,
        at: DVec2,
        modifiers: Modifiers,
        time: f64,
    },
    /// The browser took the pointer away, or Esc.
    Cancel,
    Leave,
    /// `delta` in pixels, positive towards the person; `ctrl` also stands for a trackpad's pinch.
    Wheel {
        at: DVec2,
        delta: f64,
        ctrl: bool,
    },
}

/// What the person wants.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Act {
    Hover(Option<DVec2>),
    /// A camera move begins at this pixel: what lies there is the pivot.
    Grab(DVec2),
    Orbit(DVec2),
    Pan(DVec2),
    /// Scale the picture's height by `factor`, holding what is under `at`.
    Zoom {
        factor: f64,
        at: DVec2,
    },
    Click {
        at: DVec2,
        add: bool,
    },
    DoubleClick {
        at: DVec2,
    },
    /// Rubber band while it is drawn.
    Band {
        from: DVec2,
        to: DVec2,
    },
    Box {
        from: DVec2,
        to: DVec2,
        add: bool,
    },
    /// The rubber band is gone without a choice.
    Drop,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Drag {
    Orbit,
    Pan,
    /// Vertical drag zooms around where it began.
    Zoom,
    Band,
    Nothing,
}

#[derive(Clone, Copy, Debug)]
struct Press {
    id: i32,
    from: DVec2,
    last: DVec2,
    drag: Drag,
    moved: bool,
    /// A press that selects if it does not move.
    clicks: bool,
}

#[derive(Debug, Default)]
pub struct Gesture {
    pub navigation: Navigation,
    press: Option<Press>,
    /// Second finger.
    second: Option<(i32, DVec2)>,
    last_click: Option<(DVec2, f64)>,
}

impl Gesture {
    /// What a press of `button` does in this preset.
    fn drag(&self, button: i16, m: Modifiers) -> Drag {
        match (self.navigation, button) {
            (_, 0) if m.alt && m.shift => Drag::Pan,
            (_, 0) if m.alt => Drag::Orbit,
            (_, 0) => Drag::Band,
            (Navigation::Brunel, 1) => Drag::Pan,
            (Navigation::Brunel, 2) if m.ctrl || m.shift => Drag::Pan,
            (Navigation::Brunel, 2) => Drag::Orbit,
            (Navigation::Blender, 1) if m.shift => Drag::Pan,
            (Navigation::Blender, 1) if m.ctrl => Drag::Zoom,
            (Navigation::Blender, 1) => Drag::Orbit,
            _ => Drag::Nothing,
        }
    }

    /// Whether a camera move or a rubber band is under way: then nothing is hovered.
    pub fn is_dragging(&self) -> bool {
        self.press.is_some_and(|p| p.moved)
    }

    pub fn feed(&mut self, input: Input) -> Vec<Act> {
        match input {
            Input::Down { id, touch, button, at, modifiers } => self.down(id, touch, button, at, modifiers),
            Input::Move { id, at } => self.shift(id, at),
            Input::Up { id, at, modifiers, time } => self.up(id, at, modifiers, time),
            Input::Cancel => {
                let band = self.press.take().is_some_and(|p| p.moved && p.drag == Drag::Band);
                self.second = None;
                if band { vec![Act::Drop] } else { Vec::new() }
            }
            Input::Leave if self.press.is_none() => vec![Act::Hover(None)],
            Input::Leave => Vec::new(),
            Input::Wheel { at, delta, ctrl } => {
                // A notch of a mouse is about 100 px; a pinch sends small steps with ctrl down.
                let rate = if ctrl && delta.abs() < 50.0 { 0.01 } else { 0.0016 };
                vec![Act::Grab(at), Act::Zoom { factor: (delta.clamp(-300.0, 300.0) * rate).exp(), at }]
            }
        }
    }

    fn down(&mut self, id: i32, touch: bool, button: i16, at: DVec2, modifiers: Modifiers) -> Vec<Act> {
        if let Some(press) = &mut self.press {
            if touch && self.second.is_none() {
                self.second = Some((id, at));
                press.moved = true;
                press.clicks = false;
                press.drag = Drag::Pan;
                return vec![Act::Grab(0.5 * (press.last + at))];
            }
            return Vec::new();
        }
        let drag = if touch { Drag::Orbit } else { self.drag(button, modifiers) };
        self.press = Some(Press { id, from: at, last: at, drag, moved: false, clicks: button == 0 });
        Vec::new()
    }

    fn shift(&mut self, id: i32, at: DVec2) -> Vec<Act> {
        let Some(press) = &mut self.press else { return vec![Act::Hover(Some(at))] };
        if let Some((second, other)) = &mut self.second {
            let before = (press.last, *other);
            if id == press.id {
                press.last = at;
            } else if id == *second {
                *other = at;
            } else {
                return Vec::new();
            }
            let after = (press.last, *other);
            let middle = |p: (DVec2, DVec2)| 0.5 * (p.0 + p.1);
            let spread = |p: (DVec2, DVec2)| p.0.distance(p.1).max(1.0);
            let factor = spread(before) / spread(after);
            return vec![Act::Pan(middle(after) - middle(before)), Act::Zoom { factor, at: middle(after) }];
        }
        if id != press.id {
            return Vec::new();
        }
        let mut acts = Vec::new();
        if !press.moved {
            if at.distance(press.from) < SLOP {
                return acts;
            }
            press.moved = true;
            if matches!(press.drag, Drag::Orbit | Drag::Pan | Drag::Zoom) {
                acts.push(Act::Grab(press.from));
            }
            acts.push(Act::Hover(None));
        }
        let delta = at - press.last;
        press.last = at;
        match press.drag {
            Drag::Orbit => acts.push(Act::Orbit(delta)),
            Drag::Pan => acts.push(Act::Pan(delta)),
            Drag::Zoom => acts.push(Act::Zoom { factor: (delta.y * 0.006).exp(), at: press.from }),
            Drag::Band => acts.push(Act::Band { from: press.from, to: at }),
            Drag::Nothing => {}
        }
        acts
    }

    fn up(&mut self, id: i32, at: DVec2, modifiers: Modifiers, time: f64) -> Vec<Act> {
        let Some(mut press) = self.press else { return Vec::new() };
        if let Some((second, other)) = self.second {
            // One finger stays: it goes on orbiting from where it is.
            if id == press.id || id == second {
                self.second = None;
                if id == press.id {
                    (press.id, press.last) = (second, other);
                }
                press.drag = Drag::Orbit;
                self.press = Some(press);
                return vec![Act::Grab(press.last)];
            }
            return Vec::new();
        }
        if id != press.id {
            return Vec::new();
        }
        self.press = None;
        let add = modifiers.shift || modifiers.ctrl;
        if press.moved {
            return match press.drag {
                Drag::Band => vec![Act::Box { from: press.from, to: at, add }, Act::Hover(Some(at))],
                _ => vec![Act::Hover(Some(at))],
            };
        }
        if !press.clicks {
            return Vec::new();
        }
        if let Some((place, before)) = self.last_click.take()
            && time - before < DOUBLE_MS
            && place.distance(at) < 2.0 * SLOP
        {
            return vec![Act::DoubleClick { at }];
        }
        self.last_click = Some((at, time));
        vec![Act::Click { at, add }]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: DVec2 = DVec2::new(100.0, 100.0);
    const B: DVec2 = DVec2::new(160.0, 130.0);

    fn press(g: &mut Gesture, button: i16, modifiers: Modifiers) -> Vec<Act> {
        g.feed(Input::Down { id: 1, touch: false, button, at: A, modifiers });
        let mut acts = g.feed(Input::Move { id: 1, at: B });
        acts.extend(g.feed(Input::Up { id: 1, at: B, modifiers, time: 0.0 }));
        acts
    }

    #[test]
    fn presets_differ_where_they_should() {
        let shift = Modifiers { shift: true, ..Modifiers::default() };
        let none = Modifiers::default();
        let mut brunel = Gesture::default();
        assert!(press(&mut brunel, 2, none).contains(&Act::Orbit(B - A)));
        assert!(press(&mut brunel, 1, none).contains(&Act::Pan(B - A)));
        let mut blender = Gesture { navigation: Navigation::Blender, ..Gesture::default() };
        assert!(press(&mut blender, 1, none).contains(&Act::Orbit(B - A)));
        assert!(press(&mut blender, 1, shift).contains(&Act::Pan(B - A)));
        assert!(!press(&mut blender, 2, none).iter().any(|a| matches!(a, Act::Orbit(_) | Act::Pan(_))));
        let alt = Modifiers { alt: true, ..none };
        assert!(press(&mut brunel, 0, alt).contains(&Act::Orbit(B - A)));
        assert!(press(&mut brunel, 0, shift).contains(&Act::Box { from: A, to: B, add: true }));
    }

    #[test]
    fn a_click_is_not_a_drag_and_two_are_a_double_click() {
        let mut g = Gesture::default();
        let mut click = |time: f64, at: DVec2| {
            g.feed(Input::Down { id: 1, touch: false, button: 0, at, modifiers: Modifiers::default() });
            assert!(g.feed(Input::Move { id: 1, at: at + 1.0 }).is_empty());
            g.feed(Input::Up { id: 1, at: at + 1.0, modifiers: Modifiers::default(), time })
        };
        assert_eq!(click(0.0, A), [Act::Click { at: A + 1.0, add: false }]);
        assert_eq!(click(200.0, A), [Act::DoubleClick { at: A + 1.0 }]);
        assert_eq!(click(300.0, A), [Act::Click { at: A + 1.0, add: false }], "a third is a first");
        assert_eq!(click(400.0, B), [Act::Click { at: B + 1.0, add: false }], "elsewhere");
        assert_eq!(click(2000.0, B), [Act::Click { at: B + 1.0, add: false }], "too late");
    }

    #[test]
    fn right_click_without_a_drag_does_nothing() {
        let mut g = Gesture::default();
        g.feed(Input::Down { id: 1, touch: false, button: 2, at: A, modifiers: Modifiers::default() });
        assert!(g.feed(Input::Up { id: 1, at: A, modifiers: Modifiers::default(), time: 0.0 }).is_empty());
    }

    #[test]
    fn two_fingers_pan_and_pinch_and_one_goes_on() {
        let mut g = Gesture::default();
        let down = |id, at| Input::Down { id, touch: true, button: 0, at, modifiers: Modifiers::default() };
        g.feed(down(1, A));
        assert_eq!(g.feed(Input::Move { id: 1, at: A + 20.0 })[2], Act::Orbit(DVec2::splat(20.0)));
        g.feed(down(2, A + DVec2::new(120.0, 20.0)));
        let acts = g.feed(Input::Move { id: 2, at: A + DVec2::new(220.0, 20.0) });
        assert_eq!(acts[0], Act::Pan(DVec2::new(50.0, 0.0)));
        assert!(matches!(acts[1], Act::Zoom { factor, .. } if (factor - 0.5).abs() < 1e-12));
        g.feed(Input::Up { id: 1, at: A, modifiers: Modifiers::default(), time: 0.0 });
        let on = g.feed(Input::Move { id: 2, at: A + DVec2::new(220.0, 30.0) });
        assert_eq!(on, [Act::Orbit(DVec2::new(0.0, 10.0))]);
        let up = g.feed(Input::Up { id: 2, at: A, modifiers: Modifiers::default(), time: 1.0 });
        assert!(!up.iter().any(|a| matches!(a, Act::Click { .. })), "a pinch does not select");
    }

    #[test]
    fn escape_drops_the_rubber_band() {
        let mut g = Gesture::default();
        g.feed(Input::Down { id: 1, touch: false, button: 0, at: A, modifiers: Modifiers::default() });
        g.feed(Input::Move { id: 1, at: B });
        assert_eq!(g.feed(Input::Cancel), [Act::Drop]);
        assert!(g.feed(Input::Up { id: 1, at: B, modifiers: Modifiers::default(), time: 0.0 }).is_empty());
    }

    #[test]
    fn the_wheel_zooms_in_when_pushed_away() {
        let mut g = Gesture::default();
        let acts = g.feed(Input::Wheel { at: A, delta: -100.0, ctrl: false });
        assert!(matches!(acts[1], Act::Zoom { factor, at } if factor < 0.9 && factor > 0.8 && at == A));
    }
}
