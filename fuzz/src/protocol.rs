//! Every message that comes from the other side: it is refused, or it is the same when it is said again.
#![no_main]

use latchkey_wire::operation::Answer;
use latchkey_wire::v1::{Agent, Denial, Enrol, Enrolled, Service};
use latchkey_wire::{decode, encode};
use libfuzzer_sys::fuzz_target;

macro_rules! same_again {
    ($text:expr, $($message:ty),*) => {
        $(if let Ok(message) = decode::<$message>($text) {
            assert_eq!(decode::<$message>(&encode(&message)).ok(), Some(message));
        })*
    };
}

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    same_again!(text, Agent, Service, Enrol, Enrolled, Denial, Answer);
});
