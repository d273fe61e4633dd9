//! Keeping the world over a restart: one JSON file, replaced whole, and a folder of file contents beside it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;

use crate::world::World;
use crate::{Error, Result};

fn failed(path: &Path, action: &'static str) -> impl FnOnce(io::Error) -> Error {
    let path = path.display().to_string();
    move |source| Error::StateFile { path, action, source }
}

fn folder(path: &Path) -> PathBuf {
    path.with_extension("files")
}

/// An empty world if there is no file yet.
pub fn load(path: &Path) -> Result<World> {
    let text = match fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(World::default()),
        Err(error) => return Err(failed(path, "read")(error)),
    };
    let mut world: World =
        serde_json::from_slice(&text).map_err(|e| failed(path, "understood; delete it to start afresh")(e.into()))?;
    let folder = folder(path);
    world.files.retain(|id, entry| match fs::read(folder.join(id)) {
        Ok(bytes) => {
            entry.bytes = Bytes::from(bytes);
            true
        }
        // Somebody tidied up: the chat then shows the file as missing.
        Err(_) => false,
    });
    Ok(world)
}

pub fn save(path: &Path, world: &World) -> Result<()> {
    let folder = folder(path);
    fs::create_dir_all(&folder).map_err(failed(&folder, "made"))?;
    for (id, entry) in &world.files {
        let target = folder.join(id);
        if !target.exists() {
            replace(&target, &entry.bytes)?;
        }
    }
    for old in fs::read_dir(&folder).map_err(failed(&folder, "read"))?.flatten() {
        if !old
            .file_name()
            .to_str()
            .is_some_and(|name| world.files.contains_key(name))
        {
            let _ = fs::remove_file(old.path());
        }
    }
    let text = serde_json::to_vec(world).map_err(|e| failed(path, "written")(e.into()))?;
    replace(path, &text)
}

/// Readers see the old content or the new, never a half.
fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let partial = path.with_extension("partial");
    fs::write(&partial, bytes).map_err(failed(&partial, "written"))?;
    fs::rename(&partial, path).map_err(failed(path, "replaced"))
}
