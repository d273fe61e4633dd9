//! The data directory, the key, and what the machine allows.

use super::{Finding, fail, ok, warn};
use crate::config::Config;
use ism_services::Secrets;
use rustix::process::{Resource, getrlimit};
use std::io::Write;
use std::path::Path;

const GIB: u64 = 1024 * 1024 * 1024;
/// Less free space than this is a failure, less than ten times a warning.
const LEAST_SPACE: u64 = GIB / 4;
/// Each socket of an agent or a visitor is an open file.
const WANTED_FILES: u64 = 8_192;

/// Whether files can be made where they must be.
pub(super) fn directory(config: &Config) -> Finding {
    const NAME: &str = "data directory";
    let place = config.data.display();
    if !config.data.exists() {
        return warn(
            NAME,
            format!("{place} does not exist yet; init or serve makes it. Is --data right?"),
        );
    }
    let probe = config.data.join(format!(".doctor-{}", std::process::id()));
    let written =
        std::fs::File::create_new(&probe).and_then(|mut file| file.write_all(b"probe").and_then(|()| file.sync_all()));
    drop(std::fs::remove_file(&probe));
    match written {
        Ok(()) => match network_file_system(&config.data) {
            Some(kind) => warn(
                NAME,
                format!(
                    "{place} is on a network file system ({kind}), where SQLite may lose data. Use a local disk, or PostgreSQL."
                ),
            ),
            None => ok(NAME, format!("{place} can be written to")),
        },
        Err(error) => fail(
            NAME,
            format!("{place} cannot be written to: {error}. Give the server's user the right to."),
        ),
    }
}

/// The kind of file system, if it is one reached over a network.
fn network_file_system(path: &Path) -> Option<String> {
    let path = path.canonicalize().ok()?;
    let mounts = std::fs::read_to_string("/proc/self/mounts").ok()?;
    let mount = mounts
        .lines()
        .filter_map(|line| {
            let mut words = line.split(' ').skip(1);
            Some((words.next()?, words.next()?))
        })
        .filter(|(point, _)| path.starts_with(point))
        .max_by_key(|(point, _)| point.len())?;
    ["nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "9p"]
        .contains(&mount.1)
        .then(|| mount.1.to_owned())
}

/// Whether credentials can be decrypted, and by nobody else.
pub(super) fn key(config: &Config) -> Finding {
    const NAME: &str = "secret key";
    if config.secret_key.is_some() {
        return ok(NAME, "from the configuration; keep a copy of it apart from the data");
    }
    let path = config.data.join("secret.key");
    let place = path.display();
    let metadata = match std::fs::metadata(&path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return warn(NAME, format!("{place} does not exist yet; init or serve makes it"));
        }
        Err(error) => {
            return fail(
                NAME,
                format!("{place} cannot be read: {error}. Give the server's user the right to."),
            );
        }
    };
    let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o777;
    if let Err(error) = Secrets::load(None, &config.data) {
        return fail(
            NAME,
            format!("{place} cannot be used: {error}. Restore it from a copy."),
        );
    }
    if mode & 0o077 == 0 {
        ok(
            NAME,
            format!("{place}, readable by its owner only; keep a copy of it apart from the data"),
        )
    } else {
        fail(
            NAME,
            format!("{place} can be read by others (mode {mode:o}). Run: chmod 600 {place}"),
        )
    }
}

/// Whether there is room for what comes.
pub(super) fn disk(config: &Config) -> Finding {
    const NAME: &str = "disk space";
    let existing = config
        .data
        .ancestors()
        .find(|path| path.exists())
        .unwrap_or(Path::new("."));
    let existing = if existing.as_os_str().is_empty() {
        Path::new(".")
    } else {
        existing
    };
    let free = match rustix::fs::statvfs(existing) {
        Ok(found) => found.f_bavail.saturating_mul(found.f_frsize),
        Err(error) => return warn(NAME, format!("cannot be found out: {error}")),
    };
    let text = format!("{:.1} GiB free", free as f64 / GIB as f64);
    if free < LEAST_SPACE {
        fail(NAME, format!("{text}. Without space nothing is taken in; make room."))
    } else if free < 10 * LEAST_SPACE {
        warn(NAME, format!("{text}. Make room before it runs out."))
    } else {
        ok(NAME, text)
    }
}

/// Whether enough sockets can be open.
pub(super) fn open_files() -> Finding {
    const NAME: &str = "open files";
    match getrlimit(Resource::Nofile).current {
        Some(limit) if limit < WANTED_FILES => warn(
            NAME,
            format!(
                "{limit} allowed, and each connected browser needs one. Raise it: LimitNOFILE=65536 in systemd, or ulimit -n 65536."
            ),
        ),
        Some(limit) => ok(NAME, format!("{limit} allowed")),
        None => ok(NAME, "without limit"),
    }
}
