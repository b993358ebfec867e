//! Snapshots with the same file names in every provider.

/// Compares a text with `tests/snapshots/<name>.snap` of the calling crate. The macro
/// has to be called in `src/tests/mod.rs`, since insta looks beside that file.
#[macro_export]
macro_rules! assert_snapshot {
    ($name:expr, $text:expr) => {
        $crate::insta::with_settings!(
            {prepend_module_to_snapshot => false, omit_expression => true},
            { $crate::insta::assert_snapshot!($name, $text); }
        )
    };
}
