//! The disk is full: nothing is acknowledged that is not durable, and it works again when there is room.

use std::fs::{self, File, OpenOptions};
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
    let patient = format!("/fhir/R4/Patient/{}", before.patient());
    read_until_refused(server, disk, &patient);
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
    let read = server.get(&care_manager(), &patient).expect(200).json();
    assert_eq!(read["id"], before.patient().as_str(), "{read}");
    acknowledged.extend([before.sheet, sent.sheet]);
    for sheet in acknowledged {
        let status = server
            .get(&care_manager(), &format!("/sheets/{sheet}"))
            .expect(200)
            .json();
        assert_eq!(crate::mail::kinds(&status), ["stored"], "{status}");
    }
    send(server, &Slip::of_somebody_new());
}

/// A read whose leaf cannot be committed shows nothing and says "later". A leaf is small: it may take many
/// until none finds a place any more.
fn read_until_refused(server: &Server, disk: &Disk, path: &str) {
    let deadline = Instant::now() + Duration::from_secs(90);
    let refused = loop {
        let read = server.get(&care_manager(), path);
        if read.status != 200 {
            break read;
        }
        assert!(
            Instant::now() < deadline,
            "a full disk refuses no read: leaves are lost, or the disk is not full"
        );
        disk.top_up();
    };
    assert_eq!(refused.status, 503, "{refused}");
    refused.outcome(503);
    assert!(!refused.text().contains("birthDate"), "{refused}");
}

/// A small file system in memory.
pub struct Disk {
    /// Where it is.
    pub path: PathBuf,
}

impl Disk {
    /// Mounts one; `None` where that cannot be done here, which is said.
    pub fn mount(name: &str, megabytes: u32) -> Option<Self> {
        if !is_root() {
            skipped("disk_full: a small disk can only be mounted by root");
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
            skipped("disk_full: tmpfs cannot be mounted here");
            return None;
        }
        watch("mounts", &path.display().to_string());
        Some(Self { path })
    }

    fn filler(&self) -> PathBuf {
        self.path.join("filler")
    }

    /// Leaves no byte free.
    pub fn fill(&self) {
        File::create(self.filler()).expect("the filler is made");
        self.top_up();
    }

    /// Takes what has become free in the meantime.
    fn top_up(&self) {
        let mut file = OpenOptions::new()
            .append(true)
            .open(self.filler())
            .expect("the filler opens");
        for size in [1 << 20, 1 << 12, 1] {
            let block = vec![0_u8; size];
            while file.write_all(&block).is_ok() {}
        }
    }

    /// Gives the room back.
    pub fn make_room(&self) {
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
