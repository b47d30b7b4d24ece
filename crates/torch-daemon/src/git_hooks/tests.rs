//! The folder of hooks.

use super::*;

#[test]
fn the_folder_has_every_hook_and_is_made_right() {
    let home = tempfile::tempdir().expect("a folder");
    let torch = Path::new("/opt/it's torch/torch");
    lay(home.path(), torch).expect("laid");
    lay(home.path(), torch).expect("laid again");
    let folder = folder(home.path());
    for name in NAMES {
        let meta = fs::metadata(folder.join(name)).expect(name);
        assert_eq!(meta.permissions().mode() & 0o777, 0o755, "{name}");
    }
    let text = fs::read_to_string(folder.join("pre-push")).expect("text");
    assert!(text.contains(r"torch='/opt/it'\''s torch/torch'"), "{text}");
    assert!(!text.contains("@TORCH@") && !text.contains("@OURS@") && !text.contains("@HERE@"));
    lay(home.path(), Path::new("/new/torch")).expect("laid anew");
    let text = fs::read_to_string(folder.join("pre-push")).expect("text");
    assert!(text.contains("torch='/new/torch'"), "{text}");
    assert_eq!(
        fs::read_dir(&folder).expect("read").count(),
        NAMES.len() + 1
    );
}
