//! The web app and the widget are built before the server. So that the server also compiles without them (checks, tests of
//! other parts), their folders are made here if they are missing.

fn main() {
    for folder in ["../../web/build", "../../widget/dist"] {
        if let Err(error) = std::fs::create_dir_all(folder) {
            println!("cargo::error=cannot make {folder}: {error}");
        }
        println!("cargo::rerun-if-changed={folder}");
    }
}
