//! The editor: its frame on the server, the rest in the browser.

use super::frame::{Guard, NotFound};
use crate::api::client::Client;
use crate::doc::Update;
use crate::panels::desk::Desk;
use crate::panels::history::{Banner, BranchDialog, HistoryPanel, NameDialog};
use crate::panels::keys::{KeySheet, listen};
use crate::panels::measure::MeasurePanel;
use crate::panels::notice::EditNotices;
use crate::panels::peers;
use crate::panels::property::PropertyPanel;
use crate::panels::requirement;
use crate::panels::rollback::{RolledBack, upto};
use crate::panels::section::SectionPanel;
use crate::panels::share::ShareDialog;
use crate::panels::status::StatusLine;
use crate::panels::toolbar::Toolbar;
use crate::panels::topbar::TopBar;
use crate::panels::tree::Tree;
use crate::panels::view::{Flags, View, work};
use crate::port::{Evaluated, KernelSink};
use crate::studies::{AimHint, Legend, OutcomePanel, ParetoDialog, PinLabels, RunPanel, RunStrip, Twin};
use crate::talk::{self, TalkPanel, TalkPins};
use crate::ui::{Glyph, Icon};
use crate::viewport::ViewCommand;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::components::A;
use leptos_router::hooks::{use_params_map, use_query_map};
use solver::design::Object;
use solver::design::schema::Section;
use solver::scene::Scene;
use std::rc::Rc;
use std::sync::Arc;

#[component]
pub fn EditorPage() -> impl IntoView {
    let params = use_params_map();
    // Another design is another editor: nothing of the one before may stay.
    let id = Memo::new(move |_| params.with(|p| p.get("id").unwrap_or_default()));
    view! {
        <Guard>
            {move || view! { <Editor id=id.get() /> }}
        </Guard>
    }
    .into_any()
}

#[component]
fn Editor(id: String) -> impl IntoView {
    let desk = Desk::new(id.clone());
    provide_context(desk);
    let query = use_query_map();
    // The name is the only thing the server knows without opening the design.
    let card = {
        let (client, id) = (Client::current(), id.clone());
        Resource::new(
            || (),
            move |()| {
                let (client, id) = (client.clone(), id.clone());
                async move { client.design(&id).await }
            },
        )
    };
    // There is no such design for this person: who could see it a moment ago is told so by its connection instead.
    let missing = RwSignal::new(false);
    Effect::new(move |_| match card.get() {
        Some(Ok(card)) => desk.name.set(card.name),
        Some(Err(problem)) if problem.code == "not_found" => {
            missing.set(true);
            desk.close();
        }
        _ => {}
    });
    open(desk, query.with_untracked(|q| q.get("run")), missing);
    talk::open(desk, query.with_untracked(|q| q.get("thread")));
    if query.with_untracked(|q| q.get("release")).is_some() {
        desk.past.open_releases();
    }
    listen(desk, true);
    requirement::follow(desk);
    on_cleanup(move || desk.close());
    // Whose view ends may be someone who must not know of the design any more: nothing of it stays, in the page or the memory.
    Effect::new(move |_| {
        if desk.ended.with(Option::is_some) {
            desk.clear();
        }
    });
    let is_open = move || desk.ended.with(Option::is_none);
    let study = Memo::new(move |_| {
        let id = desk.selected.get()?;
        let is = desk.design.with(|d| d.get(&id).and_then(Object::section)) == Some(Section::Study);
        is.then_some(id)
    });
    Effect::new(move |_| {
        // Who looks at a study may run it: the view gets ready for its first field meanwhile.
        if study.with(Option::is_some) {
            desk.view(ViewCommand::Warm);
        }
    });
    view! {
        <Suspense fallback=|| ()>
            {move || {
                card.get()
                    .map(|c| match c {
                        Ok(card) => {
                            let first = card.name;
                            let now = move || match desk.name.get() {
                                _ if !is_open() => "Design".to_owned(),
                                name if name.is_empty() => first.clone(),
                                name => name,
                            };
                            view! { <Title text=now /> }.into_any()
                        }
                        Err(_) => view! { <Title text="Design" /> }.into_any(),
                    })
            }}
        </Suspense>
        <Show when=move || !missing.get() fallback=NotFound>
            <div class="editor" data-testid="editor" data-loaded=move || desk.loaded.get().to_string()>
                <Show when=is_open fallback=Ended>
                    <TopBar />
                    <div class="editor-body">
                        <aside class="side left" aria-label="Tree"><Tree /></aside>
                        <main class="stage" id="main" class:twinned=move || desk.bench.twin.get()>
                            <View wire=work>
                                <Flags />
                                <PinLabels />
                                <TalkPins />
                                <AimHint />
                                <peers::Labels />
                                <peers::Following />
                            </View>
                            <Twin />
                            <div class="stage-top"><Toolbar /></div>
                            <div class="stage-float">
                                <Banner />
                                <RunStrip />
                                <RolledBack />
                                <SectionPanel />
                                <MeasurePanel />
                            </div>
                            <Legend />
                            <EditNotices />
                        </main>
                        <aside
                            class="side right" class:past=move || desk.past.open.get()
                            class:talking=move || desk.talking.open.get() aria-label="Properties"
                        >
                            <TalkPanel />
                            <Show when=move || desk.past.open.get()>
                                <HistoryPanel />
                            </Show>
                            <div class="side-properties" class:idle=move || desk.selected.with(Option::is_none)>
                                <OutcomePanel />
                                <PropertyPanel />
                                {move || study.get().map(|id| view! { <RunPanel study=id /> })}
                            </div>
                        </aside>
                    </div>
                    <StatusLine />
                </Show>
            </div>
            <Show when=is_open>
                <KeySheet />
                <ShareDialog />
                <NameDialog />
                <BranchDialog />
                <ParetoDialog />
            </Show>
        </Show>
    }
    .into_any()
}

/// In the place of everything else when the design is closed for good, or cannot be opened at all.
#[component]
fn Ended() -> impl IntoView {
    let desk = crate::panels::use_desk();
    view! {
        <main class="empty over" id="main" role="alert" data-testid="ended">
            <Icon glyph=Glyph::Info size=24 />
            <h2>"This design is closed"</h2>
            <p>{move || desk.ended.get()}</p>
            <A href="/" attr:class="button">"To the designs"</A>
        </main>
    }
    .into_any()
}

/// Opens the connection and the geometry worker once the page is awake.
fn open(desk: Desk, run: Option<String>, missing: RwSignal<bool>) {
    Effect::new(move |opened: Option<bool>| {
        if opened == Some(true) {
            return true;
        }
        if missing.get_untracked() {
            return false;
        }
        let id = desk.id.get_value();
        let Some(connector) = crate::doc::connector() else { return false };
        desk.connect(connector.start(&id, Rc::new(move |update: Update| desk.told(update))));
        let sink: KernelSink = Rc::new(move |answer| built(desk, answer));
        if let Some(kernel) = crate::port::ports().and_then(|p| p.kernel(&id, sink)) {
            desk.compute(kernel);
        }
        desk.bench.load(desk, run.clone());
        true
    });
    // What is shown, drags included, goes to the worker; it keeps only the latest question.
    let stop = Memo::new(move |_| desk.stop());
    Effect::new(move |_| {
        let (revision, design) = desk.shown.get();
        if !desk.loaded.get() {
            return;
        }
        let part = stop.with(|stop| stop.as_ref().and_then(|stop| upto(&design, stop)));
        if desk.evaluate(revision, part.as_ref().unwrap_or(&design)) {
            desk.kernel_busy.set(true);
        }
    });
}

/// Takes the worker's answer.
fn built(desk: Desk, answer: Evaluated) {
    if desk.is_over() {
        return;
    }
    let latest = desk.shown.try_with_untracked(|(revision, _)| *revision).unwrap_or_default();
    match answer {
        Evaluated::Scene { revision, bytes, .. } => {
            match Scene::from_bytes(&bytes) {
                Ok(scene) => {
                    desk.kernel_fault.set(None);
                    // While two versions are compared in the view, it shows those.
                    if desk.past.laid.with_untracked(Option::is_none) {
                        desk.view(ViewCommand::Scene(bytes));
                    }
                    desk.scene.set(Some(Arc::new(scene)));
                }
                Err(why) => desk.kernel_fault.set(Some(why.to_string())),
            }
            if revision >= latest {
                desk.kernel_busy.set(false);
            }
        }
        Evaluated::Failed { why, .. } => {
            desk.kernel_fault.set(Some(why));
            desk.kernel_busy.set(false);
        }
    }
}
