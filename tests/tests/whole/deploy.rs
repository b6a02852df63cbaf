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
        let words = format!("{}{}", String::from_utf8_lossy(&said.stdout), String::from_utf8_lossy(&said.stderr));
        assert_eq!(said.status.success(), fits, "systemd {version}: {words}");
        assert_eq!(words.contains("systemd 过旧"), !fits, "systemd {version}: {words}");
    }
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
        copy_dir(&root().join("deploy/systemd"), &archive.join("systemd")).unwrap();
        put(&archive.join("directory/README.md"), "a district\n");
        put(&archive.join("VERSION"), "0.0.0\n");
        fs::copy(root().join("deploy/dist/install.sh"), archive.join("install.sh")).unwrap();
        let sums = Command::new("sha256sum").arg("VERSION").current_dir(&archive).output().unwrap().stdout;
        fs::write(archive.join("SHA256SUMS"), sums).unwrap();
        place
    }

    /// On a machine that runs this systemd.
    fn install(&self, systemd: &str) -> Output {
        let machine = self.0.join(format!("machine-{systemd}"));
        fs::create_dir_all(machine.join("run/systemd/system")).unwrap();
        put(&machine.join("stub/systemctl"), &format!("#!/bin/sh\necho 'systemd {systemd} ({systemd}.1)'\n"));
        let path = format!("{}:{}", machine.join("stub").display(), std::env::var("PATH").unwrap());
        let mut install = Command::new("bash");
        install.arg(self.0.join("archive/install.sh")).arg("--root").arg(&machine).env("PATH", path);
        install.output().unwrap()
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
