//! Who else is in the design: in the top line, and at the faces they have in hand. One can look from where they look.

use super::desk::{Desk, use_desk};
use crate::sync::Peer;
use crate::ui::{Avatar, Glyph, Icon, Menu};
use crate::viewport::ViewCommand;
use leptos::prelude::*;
use solver::design::Id;
use solver::scene::Scene;
use solver::surface::FaceName;

/// People whose avatars stand in the top line; the rest share a menu.
const AVATARS_MAX: usize = 4;

/// A person in the room, whatever they do there.
#[derive(Clone, Debug, PartialEq)]
struct Person {
    user: String,
    name: String,
    hue: u16,
}

/// Everyone, each once: a person with two tabs is one person.
fn people(peers: &[Peer]) -> Vec<Person> {
    let mut out: Vec<Person> = Vec::new();
    for p in peers {
        if !out.iter().any(|known| known.user == p.user) {
            out.push(Person { user: p.user.clone(), name: p.name.clone(), hue: p.hue });
        }
    }
    out
}

/// What a person does in the tab they opened last, of those that tell where they look.
fn tab<'a>(peers: &'a [Peer], user: &str) -> Option<&'a Peer> {
    let own = || peers.iter().filter(|p| p.user == user);
    own().filter(|p| p.presence.camera.is_some()).max_by_key(|p| p.connection).or_else(|| own().next())
}

impl Desk {
    /// Looks from where this person looks now.
    fn look_like(&self, user: &str) {
        let camera = self.peers.with_untracked(|p| tab(p, user).and_then(|p| p.presence.camera));
        if let Some(camera) = camera {
            self.view(ViewCommand::Camera(camera));
        }
    }

    /// Object that this person has selected, while it exists.
    fn object_of(&self, user: &str) -> Option<(Id, String)> {
        let id = Id(self.peers.with(|p| tab(p, user).and_then(|p| p.presence.object.clone()))?);
        let name = self.design.with(|d| d.get(&id).map(|o| o.name.clone()))?;
        Some((id, name))
    }
}

/// Moves the camera with the person who is followed, until they leave.
pub fn follow(desk: Desk) {
    let camera = Memo::new(move |_| {
        let user = desk.following.get()?;
        desk.peers.with(|p| tab(p, &user).map(|p| p.presence.camera))
    });
    Effect::new(move |_| match camera.get() {
        Some(Some(camera)) => desk.view(ViewCommand::Camera(camera)),
        Some(None) => {}
        None if desk.following.with_untracked(Option::is_some) => desk.following.set(None),
        None => {}
    });
}

/// The avatars in the top line, each with what one can do about the person.
#[component]
pub fn Peers() -> impl IntoView {
    let desk = use_desk();
    let all = Memo::new(move |_| desk.peers.with(|p| people(p)));
    view! {
        <span class="peers" data-testid="peers">
            {move || {
                let mut shown = all.get();
                let rest = shown.split_off(shown.len().min(AVATARS_MAX));
                let more = rest.len();
                let names = rest.iter().map(|p| p.name.clone()).collect::<Vec<_>>().join(", ");
                view! {
                    {shown.into_iter().map(|person| view! { <PersonButton person=person /> }).collect_view()}
                    {(more > 0)
                        .then(|| {
                            view! {
                                <Menu
                                    button=move || {
                                        view! { <span class="avatar small more">{format!("+{more}")}</span> }
                                    }
                                    label=names testid="more-peers" class="avatar-button" right=true
                                >
                                    {rest
                                        .iter()
                                        .map(|p| {
                                            let (user, name, hue) = (p.user.clone(), p.name.clone(), p.hue);
                                            view! {
                                                <button
                                                    type="button" class="menu-item" role="menuitem"
                                                    on:click=move |_| desk.following.set(Some(user.clone()))
                                                >
                                                    <Avatar name=name.clone() hue=hue small=true />
                                                    {format!("Follow {name}")}
                                                </button>
                                            }
                                        })
                                        .collect_view()}
                                </Menu>
                            }
                        })}
                }
            }}
        </span>
    }
    .into_any()
}

#[component]
fn PersonButton(person: Person) -> impl IntoView {
    let desk = use_desk();
    let person = StoredValue::new(person);
    let (name, hue) = person.with_value(|p| (p.name.clone(), p.hue));
    let first = name.split_whitespace().next().unwrap_or_default().to_string();
    let user = move || person.with_value(|p| p.user.clone());
    let follows = move || desk.following.with(|f| f.as_deref() == Some(user().as_str()));
    let object = move || desk.object_of(&user());
    let (button_name, label) = (name.clone(), name.clone());
    let first = StoredValue::new(first);
    view! {
        <Menu
            button=move || view! { <Avatar name=button_name.clone() hue=hue small=true /> } label=label
            testid="peer" class="avatar-button" right=true
        >
            <p class="menu-note">
                {name.clone()} {move || object().map(|(_, object)| format!(" · {object}"))}
            </p>
            <button
                type="button" class="menu-item" role="menuitem" data-testid="peer-look"
                on:click=move |_| desk.look_like(&user())
            >
                <Icon glyph=Glyph::Eye />
                {format!("Look from where {} looks", first.get_value())}
            </button>
            <button
                type="button" class="menu-item" role="menuitem" data-testid="peer-follow"
                on:click=move |_| desk.following.set((!follows()).then(user))
            >
                <Icon glyph=Glyph::Person />
                {move || {
                    if follows() { "Stop following".into() } else { format!("Follow {}", first.get_value()) }
                }}
            </button>
            {move || {
                object()
                    .map(|(id, object)| {
                        view! {
                            <button
                                type="button" class="menu-item" role="menuitem" data-testid="peer-select"
                                on:click=move |_| desk.selected.set(Some(id.clone()))
                            >
                                <Icon glyph=Glyph::Selection />
                                {format!("Select {object} too")}
                            </button>
                        }
                    })
            }}
        </Menu>
    }
    .into_any()
}

/// Frame and label over the view while somebody is followed.
#[component]
pub fn Following() -> impl IntoView {
    let desk = use_desk();
    let person = Memo::new(move |_| {
        let user = desk.following.get()?;
        desk.peers.with(|p| people(p)).into_iter().find(|p| p.user == user)
    });
    view! {
        {move || {
            person
                .get()
                .map(|p| {
                    view! {
                        <div class="following" style=format!("--hue:{}", p.hue) data-testid="following">
                            <div class="following-label" role="status">
                                {format!("Following {}", p.name)}
                                <button type="button" class="link" on:click=move |_| desk.following.set(None)>
                                    "Stop (Esc)"
                                </button>
                            </div>
                        </div>
                    }
                })
        }}
    }
    .into_any()
}

/// A point on a face to hang a label at: the middle of its largest triangle, which lies on it whatever its shape.
pub fn point_on(face: &FaceName, scene: &Scene) -> Option<[f64; 3]> {
    scene.bodies.iter().find_map(|body| {
        let s = &*body.surface;
        let area = |t: usize| s.triangle_cross(t).iter().map(|c| c * c).sum::<f64>();
        let named = |t: &usize| s.faces.get(s.face_of[*t] as usize).is_some_and(|f| f.name == *face);
        let t = (0..s.triangles.len()).filter(named).max_by(|a, b| area(*a).total_cmp(&area(*b)))?;
        let corners = s.triangles[t].map(|i| s.points[i as usize]);
        Some([0, 1, 2].map(|i| corners.iter().map(|p| p[i]).sum::<f64>() / 3.0))
    })
}

/// Tells the view where the others' labels go: one each, at the last face they have picked.
pub fn label(desk: Desk) {
    let faces = Memo::new(move |_| {
        desk.peers.with(|p| {
            p.iter()
                .filter_map(|p| Some((p.connection.to_string(), p.presence.faces.last()?.clone())))
                .collect::<Vec<_>>()
        })
    });
    Effect::new(move |_| {
        let scene = desk.scene.get();
        let mut anchors = desk.bench.anchors.get();
        anchors.extend(crate::talk::anchors(desk));
        faces.with(|f| {
            let own = f
                .iter()
                .filter_map(|(id, face)| Some((id.clone(), point_on(&FaceName(face.clone()), scene.as_deref()?)?)));
            anchors.extend(own);
        });
        desk.view(ViewCommand::Anchors(anchors));
    });
}

/// The others' names at the faces they have in hand.
#[component]
pub fn Labels() -> impl IntoView {
    let desk = use_desk();
    let names = Memo::new(move |_| {
        desk.peers.with(|p| p.iter().map(|p| (p.connection.to_string(), p.name.clone(), p.hue)).collect::<Vec<_>>())
    });
    view! {
        {move || {
            desk.anchored
                .get()
                .into_iter()
                .filter_map(|a| {
                    let (_, name, hue) = names.with(|n| n.iter().find(|(id, ..)| *id == a.id).cloned())?;
                    let style = format!("--hue:{hue};transform:translate({:.0}px,{:.0}px)", a.screen[0], a.screen[1]);
                    let first = name.split_whitespace().next().unwrap_or_default().to_string();
                    Some(view! {
                        <div class="peer-label" class:behind=!a.visible style=style title=name data-testid="peer-label">
                            {first}
                        </div>
                    })
                })
                .collect_view()
        }}
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::Presence;

    fn peer(connection: u64, user: &str, camera: bool) -> Peer {
        let camera = camera.then_some([[connection as f64; 3]; 3]);
        let presence = Presence { camera, ..Presence::default() };
        Peer { connection, user: user.into(), name: user.to_uppercase(), hue: 7, presence }
    }

    #[test]
    fn a_person_with_two_tabs_is_one_and_the_newest_view_counts() {
        let peers = [peer(1, "a", true), peer(2, "b", false), peer(3, "a", true), peer(4, "a", false)];
        assert_eq!(people(&peers).iter().map(|p| p.user.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(tab(&peers, "a").map(|p| p.connection), Some(3));
        assert_eq!(tab(&peers, "b").map(|p| p.connection), Some(2));
        assert_eq!(tab(&peers, "c"), None);
    }
}
