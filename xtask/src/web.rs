//! The page's assets: three wasm modules, their glue, the styles, the notices; hashed, compressed, listed in a manifest.
//!
//! wasm-bindgen runs as a library, so that its version cannot drift from `Cargo.lock` and nothing must be installed.

use crate::process::{self, cargo, run};
use anyhow::{Context, Result, anyhow};
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use wasm_bindgen_cli_support::Bindgen;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// For tests: little optimisation, quick compression.
    Dev,
    Release,
    /// Link-time optimisation, for `dist`.
    Dist,
}

impl Profile {
    /// Cargo's name for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dev => "dev",
            Self::Release => "release",
            Self::Dist => "dist",
        }
    }

    /// The folder under `target` that cargo writes to.
    pub fn folder(self) -> &'static str {
        match self {
            Self::Dev => "debug",
            Self::Release => "release",
            Self::Dist => "dist",
        }
    }
}

/// What the browser runs.
struct Module {
    name: &'static str,
    package: &'static str,
    /// Cargo's arguments that choose its features.
    features: &'static [&'static str],
    /// Beyond `dev`.
    opt_level: &'static str,
}

/// Makes the frontend the guest's page.
pub const VIEWER: &[&str] = &["--no-default-features", "--features", "viewer"];

/// The page and the guest's page are downloaded before anything is seen: small. The kernel is where the browser computes: fast.
const MODULES: &[Module] = &[
    Module { name: "viewer", package: "frontend", features: VIEWER, opt_level: "\"z\"" },
    Module { name: "frontend", package: "frontend", features: &[], opt_level: "\"z\"" },
    Module { name: "kernel", package: "kernel", features: &[], opt_level: "3" },
];

/// Where the assets of a profile lie.
pub fn folder(profile: Profile) -> PathBuf {
    process::target().join("web").join(profile.folder())
}

/// Builds everything the browser loads; returns the folder.
///
/// # Errors
/// When a step fails; the old assets stay until the new ones are complete.
pub fn build(profile: Profile) -> Result<PathBuf> {
    ensure_wasm_target()?;
    let dir = folder(profile);
    let fresh = dir.with_extension("new");
    let _ = fs::remove_dir_all(&fresh);
    fs::create_dir_all(&fresh)?;
    let mut manifest = BTreeMap::new();
    for module in MODULES {
        // One after the other: the page and the guest's page are written to the same file.
        let built = wasm(module, profile)?;
        bind(&built, module.name, profile, &fresh, &mut manifest)?;
    }
    add(&fresh, &mut manifest, "brunel.css", styles()?.as_bytes())?;
    add(&fresh, &mut manifest, "notices.txt", crate::notices::text()?.as_bytes())?;
    let icons = process::root().join("app/style/static");
    if icons.is_dir() {
        for entry in sorted(&icons)? {
            let name = file_name(&entry)?;
            add(&fresh, &mut manifest, &name, &fs::read(&entry)?)?;
        }
    }
    fs::write(fresh.join("manifest.json"), serde_json::to_string_pretty(&manifest)?)?;
    compress(&fresh, &dir, profile)?;
    let _ = fs::remove_dir_all(&dir);
    fs::rename(&fresh, &dir).with_context(|| format!("cannot put the assets at {}", dir.display()))?;
    Ok(dir)
}

/// `rust-toolchain.toml` names the target; where rustup may not install by itself, ask it here.
fn ensure_wasm_target() -> Result<()> {
    let libdir = process::output(
        "rustc",
        process::command("rustc", &["--print", "target-libdir", "--target", "wasm32-unknown-unknown"]),
    )?;
    if Path::new(libdir.trim()).is_dir() {
        return Ok(());
    }
    run("install the wasm32 target", process::command("rustup", &["target", "add", "wasm32-unknown-unknown"]))
}

fn wasm(module: &Module, profile: Profile) -> Result<PathBuf> {
    let Module { name, package, features, opt_level } = module;
    let (cargo_name, is_dev) = (profile.name(), profile == Profile::Dev);
    let opt_level = if is_dev { "1" } else { opt_level };
    let settings = [
        format!("profile.{cargo_name}.opt-level={opt_level}"),
        // The workspace has a setting of its own for the server's build of it.
        format!("profile.{cargo_name}.package.app.opt-level={opt_level}"),
        format!("profile.{cargo_name}.debug=false"),
        format!("profile.{cargo_name}.codegen-units={}", if is_dev { 16 } else { 1 }),
    ];
    let mut arguments =
        vec!["build", "--locked", "--package", package, "--target", "wasm32-unknown-unknown", "--profile", cargo_name];
    arguments.extend(*features);
    // `serve` builds the page beside the server: in one folder, cargo would let one wait for the other.
    let target = if profile == Profile::Release { process::target().join("page") } else { process::target() };
    let folder = target.display().to_string();
    arguments.extend(["--target-dir", &folder]);
    for setting in &settings {
        arguments.extend(["--config", setting]);
    }
    run(&format!("{name} as wasm ({cargo_name})"), cargo(&arguments))?;
    Ok(target.join("wasm32-unknown-unknown").join(profile.folder()).join(format!("{package}.wasm")))
}

fn bind(wasm: &Path, name: &str, profile: Profile, dir: &Path, manifest: &mut BTreeMap<String, String>) -> Result<()> {
    let scratch = dir.join(format!("{name}.bindgen"));
    let mut bindgen = Bindgen::new();
    bindgen.input_path(wasm).out_name(name).typescript(false).remove_producers_section(true);
    bindgen.web(true).map_err(|e| anyhow!("wasm-bindgen: {e}"))?;
    if profile != Profile::Dev {
        bindgen.remove_name_section(true);
    }
    bindgen.generate(&scratch).map_err(|e| anyhow!("wasm-bindgen on {name}: {e}"))?;
    let module = add(dir, manifest, &format!("{name}_bg.wasm"), &fs::read(scratch.join(format!("{name}_bg.wasm")))?)?;
    // The glue's own default address would miss the hash; callers pass one, this is the fallback.
    let glue = fs::read_to_string(scratch.join(format!("{name}.js")))?.replace(&format!("{name}_bg.wasm"), &module);
    let snippets = scratch.join("snippets");
    if snippets.is_dir() {
        copy_all(&snippets, &dir.join("snippets"))?;
    }
    add(dir, manifest, &format!("{name}.js"), glue.as_bytes())?;
    fs::remove_dir_all(&scratch)?;
    Ok(())
}

/// Writes `bytes` under a name with its content hash, so that browsers may keep it for ever; returns that name.
fn add(dir: &Path, manifest: &mut BTreeMap<String, String>, name: &str, bytes: &[u8]) -> Result<String> {
    let hash = blake3::hash(bytes).to_hex();
    let (stem, extension) = name.rsplit_once('.').context("an asset's name has an extension")?;
    let hashed = format!("{stem}-{}.{extension}", &hash[..12]);
    fs::write(dir.join(&hashed), bytes)?;
    manifest.insert(name.into(), hashed.clone());
    Ok(hashed)
}

fn styles() -> Result<String> {
    let dir = process::root().join("app/style");
    let mut out = String::new();
    for path in sorted(&dir)? {
        if path.extension().is_some_and(|e| e == "css") {
            out.push_str(&fs::read_to_string(&path)?);
            out.push('\n');
        }
    }
    Ok(out)
}

fn sorted(dir: &Path) -> Result<Vec<PathBuf>> {
    if !dir.is_dir() {
        return Ok(Vec::new());
    }
    let mut paths =
        fs::read_dir(dir)?.map(|e| e.map(|e| e.path())).collect::<Result<Vec<_>, _>>().context("reading a folder")?;
    paths.sort();
    Ok(paths)
}

fn file_name(path: &Path) -> Result<String> {
    Ok(path.file_name().context("a file has a name")?.to_string_lossy().into_owned())
}

fn copy_all(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in sorted(from)? {
        let target = to.join(file_name(&entry)?);
        if entry.is_dir() {
            copy_all(&entry, &target)?;
        } else {
            fs::copy(&entry, &target)?;
        }
    }
    Ok(())
}

/// `.br` and `.gz` beside every asset worth it; taken from `old` where the same content was compressed before, as the names
/// carry its hash.
fn compress(dir: &Path, old: &Path, profile: Profile) -> Result<()> {
    // Quality 11 costs ten seconds on the kernel and saves a tenth: for what people download, not for tests.
    let (brotli_quality, gzip) = if profile == Profile::Dev { (4, 1) } else { (11, 9) };
    for path in sorted(dir)? {
        let name = file_name(&path)?;
        if path.is_dir() || name == "manifest.json" || name.ends_with(".png") {
            continue;
        }
        let (br, gz) = (format!("{name}.br"), format!("{name}.gz"));
        let is_known = fs::copy(old.join(&br), dir.join(&br)).is_ok() && fs::copy(old.join(&gz), dir.join(&gz)).is_ok();
        if !is_known {
            let bytes = fs::read(&path)?;
            let mut encoded = Vec::new();
            brotli::CompressorWriter::new(&mut encoded, 1 << 16, brotli_quality, 22).write_all(&bytes)?;
            fs::write(dir.join(&br), &encoded)?;
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(gzip));
            encoder.write_all(&bytes)?;
            fs::write(dir.join(&gz), encoder.finish()?)?;
        }
        if name.ends_with(".wasm") {
            let size = |p: PathBuf| fs::metadata(p).map_or(0, |m| m.len() / 1024);
            println!("   {name}: {} KB, {} KB brotli", size(path), size(dir.join(&br)));
        }
    }
    Ok(())
}
