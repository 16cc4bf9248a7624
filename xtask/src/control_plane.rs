//! Finds or builds the Kubernetes API server and etcd that the tests run against.
//!
//! In this order: the folder that `KUBEBUILDER_ASSETS` names (the convention of the Kubernetes ecosystem), what an
//! earlier run left in the cache folder, a build from source with Go. The programs are ordinary Go modules, pinned in
//! `end2end/control-plane/go.mod`; each set of versions is built once and outlives a clean checkout.

use std::{
    env,
    ffi::OsString,
    fs::{self, File, TryLockError},
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, bail, ensure};

/// What the tests cannot do without; `kubectl` is a convenience.
const NEEDED: [&str; 2] = ["etcd", "kube-apiserver"];

/// One program of the control plane: the file name it gets and the Go package it is built from.
struct Program {
    name: &'static str,
    package: &'static str,
}

/// In the order they are built: the short one first, so that a broken toolchain shows early.
const PROGRAMS: [Program; 3] = [
    Program { name: "etcd", package: "go.etcd.io/etcd/server/v3" },
    Program { name: "kube-apiserver", package: "k8s.io/kubernetes/cmd/kube-apiserver" },
    Program { name: "kubectl", package: "k8s.io/kubernetes/cmd/kubectl" },
];

/// How a person gets an API server, said whenever there is none.
const HOW_TO_GET_ONE: &str = "install Go (1.26 or newer, with access to Go modules), or set KUBEBUILDER_ASSETS to a \
                              folder with etcd and kube-apiserver, such as the one `setup-envtest use -p path` prints";

/// The folder that holds `etcd` and `kube-apiserver`, built if need be; `None` where they cannot be had.
///
/// A build takes about a quarter of an hour on two cores, once per version. Where there is no Go, or the download or
/// the build fails, a sentence on `progress` says so and how to get the programs: tests without an API server are
/// skipped tests, not a failed run.
///
/// # Errors
///
/// When `KUBEBUILDER_ASSETS` is set to a folder without the programs, when `go.mod` does not name the versions, and
/// when `progress` or the cache folder cannot be written.
pub(crate) fn ensure(progress: &mut dyn Write) -> anyhow::Result<Option<PathBuf>> {
    if let Some(folder) = env::var_os("KUBEBUILDER_ASSETS").filter(|value| !value.is_empty()) {
        return named_folder(Path::new(&folder)).map(Some);
    }
    let module = module_folder();
    let manifest = module.join("go.mod");
    let text = fs::read_to_string(&manifest).with_context(|| format!("reading {}", manifest.display()))?;
    let versions = Versions::parse(&text).with_context(|| format!("reading {}", manifest.display()))?;
    let Some(cache) = cache_folder(env::var_os("XDG_CACHE_HOME"), env::var_os("HOME")) else {
        say_unavailable(progress, "neither XDG_CACHE_HOME nor HOME names a folder to build it in")?;
        return Ok(None);
    };
    let folder = cache.join(versions.folder_name());
    if missing_programs(&folder).is_empty() {
        return Ok(Some(folder));
    }
    match Command::new("go").arg("version").stdin(Stdio::null()).output() {
        Ok(output) if output.status.success() => {}
        _ => {
            say_unavailable(progress, "Go is not installed")?;
            return Ok(None);
        }
    }
    fs::create_dir_all(&cache).with_context(|| format!("creating {}", cache.display()))?;
    let _lock = lock(&cache.join(format!("{}.lock", versions.folder_name())), progress)?;
    // Another run may have built them while this one waited for the lock.
    if missing_programs(&folder).is_empty() {
        return Ok(Some(folder));
    }
    build(&module, &versions, &folder, progress)
}

/// The folder `KUBEBUILDER_ASSETS` names, if the programs are in it.
fn named_folder(folder: &Path) -> anyhow::Result<PathBuf> {
    let missing = missing_programs(folder);
    ensure!(
        missing.is_empty(),
        "KUBEBUILDER_ASSETS is `{}`, but there is no {} in it; point it to a folder with etcd and kube-apiserver, or \
         unset it to have them built",
        folder.display(),
        missing.join(" and no "),
    );
    // The tests run in another working directory.
    folder.canonicalize().with_context(|| format!("resolving {}", folder.display()))
}

/// Which of the needed programs are not in a folder.
fn missing_programs(folder: &Path) -> Vec<&'static str> {
    NEEDED.into_iter().filter(|name| !folder.join(name).is_file()).collect()
}

/// The Go module that pins the versions.
fn module_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../end2end/control-plane")
}

/// Where built programs are kept, by the rules of the XDG base directories: a relative path there counts as none.
fn cache_folder(xdg_cache_home: Option<OsString>, home: Option<OsString>) -> Option<PathBuf> {
    let absolute = |value: OsString| Some(PathBuf::from(value)).filter(|path| path.is_absolute());
    xdg_cache_home
        .and_then(absolute)
        .or_else(|| home.and_then(absolute).map(|home| home.join(".cache")))
        .map(|cache| cache.join("perijove/control-plane"))
}

/// The versions that `go.mod` pins, as Go writes them: `v1.36.3`.
#[derive(Debug, PartialEq, Eq)]
struct Versions {
    kubernetes: String,
    etcd: String,
}

impl Versions {
    /// Reads them from the text of `go.mod`.
    fn parse(manifest: &str) -> anyhow::Result<Self> {
        Ok(Self {
            kubernetes: required_version(manifest, "k8s.io/kubernetes")?,
            etcd: required_version(manifest, "go.etcd.io/etcd/server/v3")?,
        })
    }

    /// One cache folder per set of versions, so that an update never meets the programs of before.
    fn folder_name(&self) -> String {
        format!("kubernetes-{}-etcd-{}", self.kubernetes, self.etcd)
    }

    /// The linker flags of every program: no symbols, and the version that Kubernetes reports at `/version`, which
    /// its own build scripts would stamp in.
    fn linker_flags(&self) -> anyhow::Result<String> {
        let mut numbers = self.kubernetes.trim_start_matches('v').split('.');
        let (Some(major), Some(minor)) = (numbers.next(), numbers.next()) else {
            bail!("`{}` is not a version of Kubernetes; expected one such as v1.36.3", self.kubernetes);
        };
        let place = "k8s.io/component-base/version";
        Ok(format!(
            "-s -w -X {place}.gitVersion={} -X {place}.gitMajor={major} -X {place}.gitMinor={minor}",
            self.kubernetes
        ))
    }
}

/// The version of a module in a `require` line, alone or in a block.
fn required_version(manifest: &str, module: &str) -> anyhow::Result<String> {
    manifest
        .lines()
        .map(|line| line.trim().trim_start_matches("require ").trim_start())
        .filter(|line| !line.contains("=>"))
        .find_map(|line| {
            let mut words = line.split_whitespace();
            (words.next() == Some(module)).then(|| words.next()).flatten()
        })
        .filter(|version| version.starts_with('v') && !version.contains('/'))
        .map(str::to_owned)
        .with_context(|| format!("no `require` line for {module}"))
}

/// Holds off a second build of the same versions; released when the file is closed.
fn lock(path: &Path, progress: &mut dyn Write) -> anyhow::Result<File> {
    let file = File::create(path).with_context(|| format!("creating {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            writeln!(progress, "Waiting for another run that builds the Kubernetes API server.")?;
            file.lock().with_context(|| format!("locking {}", path.display()))?;
        }
        Err(TryLockError::Error(error)) => {
            return Err(error).with_context(|| format!("locking {}", path.display()));
        }
    }
    Ok(file)
}

/// Builds every program beside the final folder, then moves the whole in place: a folder that exists is complete.
fn build(
    module: &Path,
    versions: &Versions,
    folder: &Path,
    progress: &mut dyn Write,
) -> anyhow::Result<Option<PathBuf>> {
    let linker_flags = versions.linker_flags()?;
    let unfinished = folder.with_file_name(format!("{}.unfinished", versions.folder_name()));
    fs::create_dir_all(&unfinished).with_context(|| format!("creating {}", unfinished.display()))?;
    writeln!(
        progress,
        "Building the Kubernetes API server {} and etcd {} from source, once: about a quarter of an hour on two cores.",
        versions.kubernetes, versions.etcd,
    )?;
    for program in &PROGRAMS {
        writeln!(progress, "  {} …", program.name)?;
        let output = unfinished.join(program.name);
        let failure = compile(module, program, &output, &linker_flags, progress)?;
        if let Some(reason) = failure {
            say_unavailable(progress, &format!("building {} failed:\n{reason}", program.name))?;
            return Ok(None);
        }
    }
    // What lies there lacks a program, or `ensure` would have taken it.
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("removing {}", folder.display()))?;
    }
    fs::rename(&unfinished, folder)
        .with_context(|| format!("moving the programs to {}", folder.display()))?;
    writeln!(progress, "Built the Kubernetes API server and etcd: {}", folder.display())?;
    Ok(Some(folder.to_path_buf()))
}

/// Runs one `go build`; gives the last lines of its complaint when it fails.
fn compile(
    module: &Path,
    program: &Program,
    output: &Path,
    linker_flags: &str,
    progress: &mut dyn Write,
) -> anyhow::Result<Option<String>> {
    let spawned = Command::new("go")
        .args(["build", "-v", "-trimpath", "-buildvcs=false", "-ldflags", linker_flags, "-o"])
        .arg(output)
        .arg(program.package)
        .current_dir(module)
        // Without C, the programs run on any machine that shares the cache folder, and need no C compiler.
        .env("CGO_ENABLED", "0")
        .env("GOWORK", "off")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = match spawned {
        Ok(child) => child,
        Err(error) => return Ok(Some(format!("    go could not be started: {error}"))),
    };
    let stderr = child.stderr.take().expect("standard error was piped");
    let mut log = BuildLog::default();
    for line in BufReader::new(stderr).split(b'\n') {
        let line = line.context("reading what go says")?;
        if let Some(count) = log.take(&String::from_utf8_lossy(&line)) {
            writeln!(progress, "    {count} packages compiled")?;
            progress.flush()?;
        }
    }
    let status = child.wait().context("waiting for go")?;
    Ok((!status.success()).then(|| log.complaint()))
}

/// What `go build -v` has said so far: the packages it compiled, counted, and everything else, kept.
#[derive(Default)]
struct BuildLog {
    packages: usize,
    complaints: Vec<String>,
}

impl BuildLog {
    /// How many packages pass between two signs of life.
    const STEP: usize = 100;
    /// How many lines of a failed build a person is shown.
    const SHOWN: usize = 12;

    /// Takes in one line; gives the count of packages when it is time to show it.
    fn take(&mut self, line: &str) -> Option<usize> {
        let is_package = !line.is_empty() && !line.contains([' ', ':', '\t']);
        if is_package {
            self.packages += 1;
            return self.packages.is_multiple_of(Self::STEP).then_some(self.packages);
        }
        // Downloads are the ordinary noise of a first build.
        if !line.trim().is_empty() && !line.starts_with("go: downloading ") {
            self.complaints.push(line.to_owned());
        }
        None
    }

    /// The end of what it complained about, indented.
    fn complaint(&self) -> String {
        let start = self.complaints.len().saturating_sub(Self::SHOWN);
        let shown: Vec<String> = self.complaints[start..].iter().map(|line| format!("    {line}")).collect();
        if shown.is_empty() { "    go gave no reason".to_owned() } else { shown.join("\n") }
    }
}

/// Says that there is no API server, why, and how to get one.
fn say_unavailable(progress: &mut dyn Write, reason: &str) -> anyhow::Result<()> {
    writeln!(progress, "There is no Kubernetes API server to test against: {reason}")?;
    writeln!(progress, "The tests that need one are skipped. To have them run, {HOW_TO_GET_ONE}.")?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = "module example\n\nrequire (\n\tgo.etcd.io/etcd/server/v3 v3.6.16\n\tk8s.io/kubernetes \
                            v1.36.3 // indirect\n)\n\nreplace k8s.io/kubernetes => k8s.io/kubernetes v1.0.0\n";

    #[test]
    fn versions_come_from_the_require_block() {
        let versions = Versions::parse(MANIFEST).unwrap();
        assert_eq!(versions.folder_name(), "kubernetes-v1.36.3-etcd-v3.6.16");
    }

    #[test]
    fn versions_come_from_single_require_lines() {
        let manifest = "require k8s.io/kubernetes v1.37.0\nrequire go.etcd.io/etcd/server/v3 v3.7.1\n";
        let versions = Versions::parse(manifest).unwrap();
        assert_eq!(versions.folder_name(), "kubernetes-v1.37.0-etcd-v3.7.1");
    }

    #[test]
    fn a_manifest_without_a_version_names_the_module() {
        let error = Versions::parse("tool go.etcd.io/etcd/server/v3\n").unwrap_err();
        assert_eq!(error.to_string(), "no `require` line for k8s.io/kubernetes");
    }

    #[test]
    fn the_manifest_of_this_project_pins_both_versions() {
        let manifest = fs::read_to_string(module_folder().join("go.mod")).unwrap();
        let versions = Versions::parse(&manifest).unwrap();
        versions.linker_flags().unwrap();
        let staging = versions.kubernetes.replace("v1.", "v0.");
        let replaced: Vec<&str> = manifest.lines().filter(|line| line.contains("=> k8s.io/")).collect();
        assert!(!replaced.is_empty());
        for line in replaced {
            assert!(line.ends_with(&staging), "{line} should end with {staging}");
        }
    }

    #[test]
    fn the_api_server_reports_the_version_it_was_built_from() {
        let flags = Versions::parse(MANIFEST).unwrap().linker_flags().unwrap();
        assert!(flags.contains("version.gitVersion=v1.36.3 "), "{flags}");
        assert!(flags.contains("version.gitMajor=1 "), "{flags}");
        assert!(flags.ends_with("version.gitMinor=36"), "{flags}");
    }

    #[test]
    fn the_cache_follows_the_base_directories() {
        let folder =
            |xdg: Option<&str>, home: Option<&str>| cache_folder(xdg.map(Into::into), home.map(Into::into));
        let below = |path: &str| Some(PathBuf::from(path));
        assert_eq!(folder(Some("/caches"), Some("/home/ada")), below("/caches/perijove/control-plane"));
        assert_eq!(folder(None, Some("/home/ada")), below("/home/ada/.cache/perijove/control-plane"));
        assert_eq!(
            folder(Some("caches"), Some("/home/ada")),
            below("/home/ada/.cache/perijove/control-plane")
        );
        assert_eq!(folder(Some(""), None), None);
    }

    #[test]
    fn a_named_folder_without_the_programs_is_an_error_that_says_which() {
        let error = named_folder(Path::new("/nowhere/at/all")).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("`/nowhere/at/all`"), "{text}");
        assert!(text.contains("no etcd and no kube-apiserver"), "{text}");
    }

    #[test]
    fn a_failed_build_shows_the_end_of_its_complaint() {
        let mut log = BuildLog::default();
        for number in 0..20 {
            assert_eq!(log.take(&format!("go: error {number}")), None);
        }
        log.take("go: downloading example.invalid/module v1.0.0");
        log.take("");
        let complaint = log.complaint();
        assert_eq!(complaint.lines().count(), BuildLog::SHOWN);
        assert!(complaint.ends_with("    go: error 19"), "{complaint}");
    }

    #[test]
    fn compiled_packages_are_counted_and_shown_now_and_then() {
        let mut log = BuildLog::default();
        let shown: Vec<usize> = (0..250).filter_map(|_| log.take("k8s.io/api/core/v1")).collect();
        assert_eq!(shown, [100, 200]);
    }

    #[test]
    fn what_cannot_be_had_is_said_with_the_way_to_get_it() {
        let mut said = Vec::new();
        say_unavailable(&mut said, "Go is not installed").unwrap();
        let said = String::from_utf8(said).unwrap();
        assert!(said.contains("Go is not installed"), "{said}");
        assert!(said.contains("KUBEBUILDER_ASSETS"), "{said}");
        assert!(said.contains("skipped"), "{said}");
    }
}
