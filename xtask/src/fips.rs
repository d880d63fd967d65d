//! `cargo xtask fips`: a FIPS provider of OpenSSL's, built from source, and the tests in it.
//!
//! For tests alone: a module is validated only if it was built and installed as its security policy says.

use std::fs::{self, File};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::openssl::{Openssl, missing_to_build};
use crate::process::{Program, built, cargo, metadata, run as run_command, succeeds, target};

/// Makes the provider where there is none, runs the tests in it, and prints what it approves of.
pub(crate) fn run(openssl: Openssl, version: Option<&str>) -> Result<(), String> {
    let module = Module::of_version(version)?;
    if let Some(program) = missing() {
        return Err(format!("a FIPS provider is built with {program}, which is not installed"));
    }
    let place = Place::new(&target()?.join("fips").join(module.version));
    if place.is_installed() {
        println!("the FIPS provider {} is in {}", module.version, place.directory.display());
    } else {
        make(module, &place)?;
    }
    // Written each time: it names where it is, which may have moved.
    write(&place.config, &config(&place))?;
    write(&place.null, NULL)?;

    // Those of the whole workspace, so that what its tests have built is not built again with fewer.
    let workspace = openssl.workspace_features();
    let features = format!("{workspace},jose-tests/fips,jose-cli/fips");
    let test = ["test", "--workspace", "--features", &features, "--no-fail-fast"];
    let outcomes = [
        // Of `jose-tests` and of `jose-cli`, where it has the same name.
        run_command(
            cargo(&test)
                .args(["--test", "fips", "--test", module.suite])
                .env("JOSE_FIPS", &place.directory),
        ),
        // Once more where the default context can compute nothing. Not by a variable of cargo's own,
        // which needs OpenSSL itself.
        run_command(
            cargo(&test)
                .args(["--config", &format!("env.OPENSSL_CONF.value='{}'", place.null.display())])
                .args(["--config", "env.OPENSSL_CONF.force=true"])
                .args(["--test", module.suite])
                .env("JOSE_FIPS", &place.directory),
        ),
        built(Program::Example("fips-report"), workspace)
            .and_then(|program| run_command(Command::new(program).arg(&place.config))),
    ];
    let failures: Vec<String> = outcomes.into_iter().filter_map(Result::err).collect();
    if failures.is_empty() { Ok(()) } else { Err(failures.join("\n")) }
}

/// A version of the module.
#[derive(Debug)]
struct Module {
    version: &'static str,
    /// The version of the crate `openssl-src` that has its source, whole: most leave out what a
    /// provider is built with.
    package: &'static str,
    /// The test of `jose-tests` that names what it does not approve of.
    suite: &'static str,
}

/// The first one is the default.
const MODULES: [Module; 2] = [
    // Validated, and the oldest that is asked for; without EdDSA.
    Module { version: "3.1.2", package: "300.1.3", suite: "fips_3_1" },
    Module { version: "3.5.4", package: "300.5.3", suite: "fips_3_5" },
];

impl Module {
    fn of_version(version: Option<&str>) -> Result<&'static Self, String> {
        let [default, ..] = &MODULES;
        let Some(version) = version else { return Ok(default) };
        MODULES.iter().find(|module| module.version == version).ok_or_else(|| {
            let known = MODULES.map(|module| module.version).join(", ");
            format!("no FIPS provider {version} is known here: {known}")
        })
    }
}

/// Where a module is, with what belongs to it.
struct Place {
    directory: PathBuf,
    module: PathBuf,
    /// What `openssl fipsinstall` has written.
    installed: PathBuf,
    /// The configuration that activates it.
    config: PathBuf,
    /// A configuration that activates nothing that computes.
    null: PathBuf,
}

impl Place {
    fn new(directory: &Path) -> Self {
        Self {
            directory: directory.to_owned(),
            module: directory.join("fips.so"),
            installed: directory.join("fipsmodule.cnf"),
            config: directory.join("openssl.cnf"),
            null: directory.join("null.cnf"),
        }
    }

    fn is_installed(&self) -> bool {
        self.module.is_file()
            && self.installed.is_file()
            && succeeds(self.fipsinstall("-in").arg("-verify"))
    }

    /// `option` says whether what is installed is read or written.
    fn fipsinstall(&self, option: &str) -> Command {
        let mut command = Command::new("openssl");
        command.args(["fipsinstall", "-quiet", "-module"]).arg(&self.module);
        // The self tests are run whenever the module is loaded, as FIPS 140-3 wants it.
        command.arg(option).arg(&self.installed).arg("-self_test_onload");
        // What the caller's own OpenSSL is configured for has no part in this.
        command.env_remove("OPENSSL_CONF").env_remove("OPENSSL_MODULES");
        command
    }
}

/// The first program that this needs and this machine lacks.
fn missing() -> Option<&'static str> {
    missing_to_build().or_else(|| {
        let found = succeeds(Command::new("openssl").args(["fipsinstall", "-help"]));
        (!found).then_some("the program openssl, 3.0 or later")
    })
}

fn make(module: &Module, place: &Place) -> Result<(), String> {
    println!("building the FIPS provider {}, which takes a minute", module.version);
    // What is left of an earlier attempt would be taken for finished.
    remove(&place.directory)?;
    let build = place.directory.join("build");
    create(&build)?;
    let source = source(module, &place.directory.join("source"))?;
    let log = place.directory.join("build.log");
    let jobs = std::thread::available_parallelism().map_or(1, NonZero::get);
    let jobs = format!("-j{jobs}");
    let mut configure = Command::new("perl");
    configure.arg(source.join("Configure")).args(["enable-fips", "no-tests"]);
    let mut generate = Command::new("make");
    // First, or the compiler finds the headers of the installed OpenSSL.
    generate.args([&jobs, "build_generated"]);
    let mut compile = Command::new("make");
    compile.args([&jobs, "providers/fips.so"]);
    let sink = File::create(&log).map_err(|error| cannot("write", &log, &error))?;
    for command in [&mut configure, &mut generate, &mut compile] {
        let [out, err] = [(); 2].map(|()| sink.try_clone());
        let [out, err] = [out, err].map(|file| file.map_err(|error| cannot("write", &log, &error)));
        command.current_dir(&build).stdout(out?).stderr(err?);
        run_command(command).map_err(|error| format!("{error}: see {}", log.display()))?;
    }
    let built = build.join("providers/fips.so");
    fs::copy(&built, &place.module).map_err(|error| cannot("copy", &built, &error))?;
    run_command(&mut place.fipsinstall("-out"))?;
    // Hundreds of megabytes that have served.
    remove(&build)?;
    if place.is_installed() {
        Ok(())
    } else {
        Err(format!("the FIPS provider in {} does not verify", place.directory.display()))
    }
}

/// The directory of OpenSSL's source, which cargo fetches as that of a dependency.
fn source(module: &Module, package: &Path) -> Result<PathBuf, String> {
    create(&package.join("src"))?;
    write(&package.join("src/lib.rs"), "")?;
    let manifest = package.join("Cargo.toml");
    let text = format!(
        "[package]\nname = \"fips-source\"\nedition = \"2024\"\n\n\
         [dependencies]\nopenssl-src = \"={}\"\n\n[workspace]\n",
        module.package
    );
    write(&manifest, &text)?;
    run_command(cargo(&["fetch", "--quiet", "--manifest-path"]).arg(&manifest))?;
    let args = ["metadata", "--offline", "--format-version", "1", "--manifest-path"];
    let metadata = metadata(cargo(&args).arg(&manifest))?;
    let packages = metadata.get("packages").and_then(Value::as_array);
    let own = packages
        .into_iter()
        .flatten()
        .find(|package| package.get("name").and_then(Value::as_str) == Some("openssl-src"));
    let manifest = own.and_then(|package| package.get("manifest_path")).and_then(Value::as_str);
    let root = manifest.and_then(|manifest| Path::new(manifest).parent());
    root.map(|root| root.join("openssl")).ok_or_else(|| "cargo fetched no openssl-src".to_owned())
}

/// The configuration that activates the module, wherever it is looked for.
fn config(place: &Place) -> String {
    let (installed, module) = (place.installed.display(), place.module.display());
    format!(
        "config_diagnostics = 1\nopenssl_conf = init\n\n.include {installed}\n\n\
         [init]\nproviders = providers\nalg_section = algorithms\n\n\
         [providers]\nfips = fips_sect\nbase = base_sect\n\n\
         # What `openssl fipsinstall` wrote, and where the module is.\n\
         [fips_sect]\nmodule = {module}\n\n\
         # Reads and writes keys; computes nothing.\n\
         [base_sect]\nactivate = 1\n\n\
         [algorithms]\ndefault_properties = fips=yes\n"
    )
}

const NULL: &str = "openssl_conf = init\n\n[init]\nproviders = providers\n\n\
                    [providers]\nnull = null_sect\n\n[null_sect]\nactivate = 1\n";

fn create(directory: &Path) -> Result<(), String> {
    fs::create_dir_all(directory).map_err(|error| cannot("create", directory, &error))
}

fn remove(directory: &Path) -> Result<(), String> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(cannot("remove", directory, &error))
        }
        _ => Ok(()),
    }
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|error| cannot("write", path, &error))
}

fn cannot(what: &str, path: &Path, error: &std::io::Error) -> String {
    format!("cannot {what} {}: {error}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_known_or_told() {
        assert_eq!(Module::of_version(None).unwrap().version, "3.1.2");
        assert_eq!(Module::of_version(Some("3.5.4")).unwrap().suite, "fips_3_5");
        let error = Module::of_version(Some("3.0.0")).unwrap_err();
        assert_eq!(error, "no FIPS provider 3.0.0 is known here: 3.1.2, 3.5.4");
    }

    #[test]
    fn the_configuration_names_where_everything_is() {
        let place = Place::new(Path::new("/a/b"));
        let text = config(&place);
        assert!(text.contains("\n.include /a/b/fipsmodule.cnf\n"), "{text}");
        assert!(text.contains("[fips_sect]\nmodule = /a/b/fips.so\n"), "{text}");
    }
}
