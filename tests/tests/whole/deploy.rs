//! What is installed: units that start nothing a person has stopped, and an installer that refuses a machine the hub would
//! not start on.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use huiliu_tests::hub::{copy_dir, root};

#[test]
fn no_unit_starts_the_hub_but_its_own() {
    let units = fs::read_dir(root().join("deploy/systemd")).unwrap().map(|unit| unit.unwrap().path());
    let others: Vec<PathBuf> = units.filter(|unit| !unit.ends_with("huiliu.service")).collect();
    assert!(others.len() >= 3, "{others:?}");
    for unit in others {
        let text = fs::read_to_string(&unit).unwrap();
        let drawn_in = ["Wants=", "Requires=", "Requisite=", "BindsTo=", "Upholds=", "OnSuccess=", "OnFailure="];
        let starts = text.lines().filter(|line| drawn_in.iter().any(|word| line.starts_with(word)));
        let of_the_hub: Vec<&str> = starts.filter(|line| line.contains("huiliu.service")).collect();
        assert!(of_the_hub.is_empty(), "{}: {of_the_hub:?}", unit.display());
    }
}

#[test]
fn the_installer_wants_the_systemd_its_units_are_written_for() {
    let place = Place::new();
    for (version, fits) in [("234", false), ("237", false), ("238", false), ("239", true), ("255", true)] {
        let said = place.install(version);
        let words = words(&said);
        assert_eq!(said.status.success(), fits, "systemd {version}: {words}");
        assert_eq!(words.contains("systemd 过旧"), !fits, "systemd {version}: {words}");
    }
}

#[test]
fn the_installer_of_an_earlier_version_goes_back_to_it_and_keeps_what_it_is_run_from() {
    let place = Place::new();
    succeeds(&place.install("255"));
    place.release("0.0.1");
    succeeds(&place.install("255"));
    assert_eq!((place.link("current"), place.link("previous")), ("0.0.1".to_owned(), "0.0.0".to_owned()));
    let earlier = place.machine("255").join("opt/huiliu/0.0.0");
    succeeds(&place.run(&earlier.join("install.sh"), "255", &[]));
    assert_eq!((place.link("current"), place.link("previous")), ("0.0.0".to_owned(), "0.0.1".to_owned()));
    assert!(earlier.join("bin/huiliu").is_file());
}

#[test]
fn a_version_that_cannot_be_copied_leaves_the_way_back() {
    let place = Place::new();
    for version in ["0.0.0", "0.0.1"] {
        place.release(version);
        succeeds(&place.install("255"));
    }
    let earlier = place.machine("255").join("opt/huiliu/0.0.0");
    // Damaged, so that it is laid down anew, on a disk that is full.
    fs::write(earlier.join("VERSION"), "?").unwrap();
    place.release("0.0.0");
    put(&place.machine("255").join("stub/cp"), "#!/bin/sh\nexit 1\n");
    let said = place.install("255");
    assert!(!said.status.success() && words(&said).contains("未能复制"), "{}", words(&said));
    assert!(earlier.join("bin/huiliu").is_file(), "the way back is gone");
    let left = fs::read_dir(place.machine("255").join("opt/huiliu")).unwrap().map(|file| file.unwrap().file_name());
    assert!(left.into_iter().all(|name| !name.to_string_lossy().contains("partial")));
}

#[test]
fn a_server_of_three_gets_no_hub() {
    let place = Place::new();
    let install = place.0.join("archive/install.sh");
    let etc = place.machine("255").join("etc/huiliu");
    let said = place.run(&install, "255", &["--server"]);
    succeeds(&said);
    assert!(words(&said).contains("未启动"), "with the example's secrets it must not start: {}", words(&said));
    assert!(etc.join("nats-server.conf").is_file());
    let mode = fs::metadata(etc.join("nats.env")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "it holds the secret of all three, and systemd reads it as root");
    assert!(!etc.join("huiliu.toml").exists() && !etc.join("directory").exists());

    place.write_for_a_server();
    let said = place.run(&install, "255", &["--server"]);
    succeeds(&said);
    assert!(words(&said).contains("huiliu-nats") && !words(&said).contains("未启动"), "{}", words(&said));
    assert_eq!(fs::read_to_string(etc.join("nats.env")).unwrap(), WRITTEN, "an office's own file");

    let hub = place.install("255");
    assert!(!hub.status.success() && words(&hub).contains("--server"), "a hub would begin: {}", words(&hub));
    fs::write(etc.join("huiliu.toml"), "").unwrap();
    succeeds(&place.install("255"));
}

#[test]
fn a_gateway_on_a_servers_machine_goes_forth_and_back_by_itself() {
    let place = Place::new();
    let [server, gateway] = [&["--server"][..], &[]];
    let stands = || ["nats-current", "nats-previous", "current", "previous"].map(|name| place.link(name));
    let run = |arguments: &[&str]| succeeds(&place.run(&place.0.join("archive/install.sh"), "255", arguments));
    place.write_for_a_server();
    place.write("huiliu.toml", "");
    for version in ["0.0.0", "0.0.1"] {
        place.release(version);
        run(server);
        run(gateway);
    }
    assert_eq!(stands(), ["0.0.1", "0.0.0", "0.0.1", "0.0.0"]);
    run(&["--server", "--rollback"]);
    assert_eq!(stands(), ["0.0.0", "0.0.1", "0.0.1", "0.0.0"], "only the server is asked to go back");
    run(&["--rollback"]);
    assert_eq!(stands(), ["0.0.0", "0.0.1", "0.0.0", "0.0.1"], "not forth again");
    place.release("0.0.2");
    run(server);
    assert_eq!(stands(), ["0.0.2", "0.0.0", "0.0.0", "0.0.1"], "a gateway that is started again stays what it is");
}

#[test]
fn each_unit_runs_what_its_own_link_leads_to_and_is_laid_with_it() {
    let place = Place::new();
    let units = place.machine("255").join("etc/systemd/system");
    place.write_for_a_server();
    place.write("huiliu.toml", "");
    for (arguments, unit, program) in [
        (&["--server"][..], "huiliu-nats.service", "/opt/huiliu/nats-current/bin/nats-server "),
        (&[], "huiliu.service", "/opt/huiliu/current/bin/huiliu "),
    ] {
        assert!(!units.join(unit).exists(), "{unit} of another version, under one that runs");
        succeeds(&place.run(&place.0.join("archive/install.sh"), "255", arguments));
        let text = fs::read_to_string(units.join(unit)).unwrap();
        assert!(text.contains(&format!("ExecStart={program}")), "{text}");
    }
    assert!(units.join("huiliu-backup.service").is_file() && units.join("huiliu-backup.timer").is_file());
}

#[test]
fn a_server_that_was_laid_with_one_link_for_both_units_has_a_way_back() {
    let place = Place::new();
    let machine = place.machine("255");
    let run = || succeeds(&place.run(&place.0.join("archive/install.sh"), "255", &["--server"]));
    place.write_for_a_server();
    place.release("0.0.0");
    run();
    let link = |name: &str| machine.join("opt/huiliu").join(name);
    fs::rename(link("nats-current"), link("current")).unwrap();
    let unit = machine.join("etc/systemd/system/huiliu-nats.service");
    let text = fs::read_to_string(&unit).unwrap();
    put(&unit, &text.replace("/nats-current/", "/current/"));
    place.release("0.0.1");
    run();
    assert_eq!([place.link("nats-current"), place.link("nats-previous")], ["0.0.1", "0.0.0"]);
}

/// What an office makes of `nats.env`.
const WRITTEN: &str = "# instead of change-me\nNATS_NAME=nats-2\n";

fn succeeds(said: &Output) {
    assert!(said.status.success(), "{}", words(said));
}

fn words(said: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&said.stdout), String::from_utf8_lossy(&said.stderr))
}

/// An unpacked archive without its programs, and a machine to lay it on.
struct Place(PathBuf);

impl Place {
    fn new() -> Self {
        let place = Self(std::env::temp_dir().join(format!("huiliu-install-{}", uuid::Uuid::new_v4().simple())));
        let archive = place.0.join("archive");
        for program in ["bin/huiliu", "bin/nats-server"] {
            put(&archive.join(program), "#!/bin/sh\n");
        }
        for folder in ["systemd", "cluster"] {
            copy_dir(&root().join("deploy").join(folder), &archive.join(folder)).unwrap();
        }
        put(&archive.join("directory/README.md"), "a district\n");
        fs::copy(root().join("deploy/dist/install.sh"), archive.join("install.sh")).unwrap();
        place.release("0.0.0");
        place
    }

    /// From now on the archive is this version's.
    fn release(&self, version: &str) {
        let archive = self.0.join("archive");
        put(&archive.join("VERSION"), &format!("{version}\n"));
        let sums = Command::new("sha256sum").arg("VERSION").current_dir(&archive).output().unwrap().stdout;
        fs::write(archive.join("SHA256SUMS"), sums).unwrap();
    }

    /// What an office writes before a server of three starts.
    fn write_for_a_server(&self) {
        self.write("nats.env", WRITTEN);
        self.write("huiliu-users.conf", "");
    }

    fn write(&self, name: &str, text: &str) {
        put(&self.machine("255").join("etc/huiliu").join(name), text);
    }

    /// On a machine that runs this systemd.
    fn install(&self, systemd: &str) -> Output {
        self.run(&self.0.join("archive/install.sh"), systemd, &[])
    }

    fn run(&self, installer: &Path, systemd: &str, arguments: &[&str]) -> Output {
        let machine = self.machine(systemd);
        fs::create_dir_all(machine.join("run/systemd/system")).unwrap();
        put(&machine.join("stub/systemctl"), &format!("#!/bin/sh\necho 'systemd {systemd} ({systemd}.1)'\n"));
        let path = format!("{}:{}", machine.join("stub").display(), std::env::var("PATH").unwrap());
        let mut install = Command::new("bash");
        install.arg(installer).arg("--root").arg(&machine).args(arguments).env("PATH", path);
        install.output().unwrap()
    }

    fn machine(&self, systemd: &str) -> PathBuf {
        self.0.join(format!("machine-{systemd}"))
    }

    /// Where `current` or `previous` leads to.
    fn link(&self, name: &str) -> String {
        let target = fs::read_link(self.machine("255").join("opt/huiliu").join(name)).unwrap();
        target.to_string_lossy().into_owned()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _left = fs::remove_dir_all(&self.0);
    }
}

/// A file anybody may run.
fn put(file: &Path, text: &str) {
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, text).unwrap();
    fs::set_permissions(file, fs::Permissions::from_mode(0o755)).unwrap();
}
