//! Whatever a directory answers: the worst is an error.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| latchkey_directory::fuzz::whatever_a_server_says(data));
