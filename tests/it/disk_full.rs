//! The disk is full: nothing is acknowledged that is not durable, and it works again when there is room.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::harness::run::watch;
use crate::harness::*;
use crate::slip::{Sent, Slip, send};

#[test]
fn sqlite() {
    let Some(disk) = Disk::mount("disk-sqlite", 24) else {
        return;
    };
    let mut start = Start::on(Database::Sqlite);
    start.data_dir = Some(disk.path.join("data"));
    full_and_room_again(&start.go(), &disk);
}

#[test]
fn postgres() {
    let Some(disk) = Disk::mount("disk-postgres", 240) else {
        return;
    };
    let folder = disk.path.join("cluster");
    fs::create_dir(&folder).expect("the cluster's folder is made");
    let cluster = Cluster::start_in(folder);
    let mut start = Start::on(Database::Postgres);
    start.database_url = Some(cluster.database());
    let server = start.go();
    full_and_room_again(&server, &disk);
    server.kill();
    cluster.stop_immediate();
}

fn full_and_room_again(server: &Server, disk: &Disk) {
    let before = send(server, &Slip::of_somebody_new());
    disk.fill();
    let mut acknowledged = Vec::new();
    let refused = (0..2_000).find_map(|_| {
        let slip = Slip::of_somebody_new();
        let answer = server.post(&care_manager(), &messages_path(), slip.body());
        if answer.status == 201 {
            acknowledged.push(Sent::of(answer).sheet);
            return None;
        }
        Some((slip, answer))
    });
    let (slip, answer) = refused.expect("a full disk refuses at last");
    assert!([503, 507].contains(&answer.status), "{answer}");
    answer.outcome(answer.status);
    // A read whose leaf cannot be committed shows nothing.
    for _ in 0..20 {
        let read = server.get(
            &care_manager(),
            &format!("/fhir/R4/Patient/{}", before.patient()),
        );
        if read.status != 200 {
            assert!([503, 507].contains(&read.status), "{read}");
            read.outcome(read.status);
        }
    }
    server.send(&Call::get("/healthz")).expect(200);
    disk.make_room();
    let deadline = Instant::now() + Duration::from_secs(30);
    let sent = loop {
        let answer = server.post(&care_manager(), &messages_path(), slip.body());
        if answer.status == 201 {
            break Sent::of(answer);
        }
        assert!(
            [503, 507].contains(&answer.status),
            "it was not taken before: {answer}"
        );
        assert!(
            Instant::now() < deadline,
            "it does not work again: {answer}"
        );
        sleep(Duration::from_millis(100));
    };
    acknowledged.extend([before.sheet, sent.sheet]);
    for sheet in acknowledged {
        let status = server
            .get(&care_manager(), &format!("/sheets/{sheet}"))
            .expect(200)
            .json();
        assert_eq!(crate::routing::kinds(&status), ["stored"], "{status}");
    }
    send(server, &Slip::of_somebody_new());
}

/// A small file system in memory.
struct Disk {
    path: PathBuf,
}

impl Disk {
    fn mount(name: &str, megabytes: u32) -> Option<Self> {
        if !is_root() {
            println!("skipped: a small disk can only be mounted by root");
            return None;
        }
        let path = run_folder().join(name);
        fs::create_dir(&path).expect("the mount point is made");
        let size = format!("size={megabytes}m,mode=0777");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
            .arg(&path)
            .status();
        if !mounted.is_ok_and(|status| status.success()) {
            println!("skipped: tmpfs cannot be mounted here");
            return None;
        }
        watch("mounts", &path.display().to_string());
        Some(Self { path })
    }

    fn filler(&self) -> PathBuf {
        self.path.join("filler")
    }

    fn fill(&self) {
        let mut file = File::create(self.filler()).expect("the filler is made");
        for size in [1 << 20, 1 << 12, 1] {
            let block = vec![0_u8; size];
            while file.write_all(&block).is_ok() {}
        }
    }

    fn make_room(&self) {
        fs::remove_file(self.filler()).expect("the filler is removed");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        unmount(&self.path);
    }
}

/// Lazily: a process that is just ending may still hold a file.
fn unmount(path: &Path) {
    let _ = Command::new("umount").arg("-l").arg(path).status();
}
