//! Pages for the service: none so long that an answer to a password waits for it.

use std::collections::VecDeque;

use latchkey_wire::MESSAGE_MAX;
use latchkey_wire::v1::{Object, Problem};

use super::flow::Mapped;

/// A page is cut at this many bytes: a second on a slow line, and little to hold.
const PAGE_BYTES: usize = 128 << 10;
/// The most objects in one.
const PAGE_OBJECTS: usize = 1_000;
/// The most problems in one.
const PAGE_PROBLEMS: usize = 200;
/// One object may take as much: a message without what is around it.
const OBJECT_BYTES: usize = MESSAGE_MAX - (16 << 10);

/// What goes into one page.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Packet {
    pub(crate) objects: Vec<Object>,
    pub(crate) problems: Vec<Problem>,
}

impl Packet {
    fn is_empty(&self) -> bool {
        self.objects.is_empty() && self.problems.is_empty()
    }
}

fn bytes(object: &Object, problems: &[Problem]) -> usize {
    let problems = problems
        .iter()
        .map(|one| latchkey_wire::encode(one).len() + 1);
    latchkey_wire::encode(object).len() + 1 + problems.sum::<usize>()
}

/// Cuts into pages, in order. At least one.
pub(crate) fn pack(
    all: impl IntoIterator<Item = Mapped>,
    others: impl IntoIterator<Item = Problem>,
) -> VecDeque<Packet> {
    let mut done = VecDeque::new();
    let (mut packet, mut length) = (Packet::default(), 0);
    let mut room = |packet: &mut Packet, length: &mut usize, more: usize| {
        let is_full = packet.objects.len() >= PAGE_OBJECTS
            || packet.problems.len() >= PAGE_PROBLEMS
            || *length + more > PAGE_BYTES;
        if is_full && !packet.is_empty() {
            done.push_back(std::mem::take(packet));
            *length = 0;
        }
        *length += more;
    };
    for mut mapped in all {
        let mut more = bytes(&mapped.object, &mapped.problems);
        if more > OBJECT_BYTES {
            mapped.without_members();
            more = bytes(&mapped.object, &mapped.problems);
        }
        room(&mut packet, &mut length, more);
        packet.objects.push(mapped.object);
        packet.problems.extend(mapped.problems);
    }
    for problem in others {
        let more = latchkey_wire::encode(&problem).len() + 1;
        room(&mut packet, &mut length, more);
        packet.problems.push(problem);
    }
    done.push_back(packet);
    done
}

#[cfg(test)]
mod tests {
    use latchkey_types::SyncRunId;
    use latchkey_wire::v1::{Agent, Class, Page};

    use super::*;

    fn mapped(members: usize) -> Mapped {
        Mapped {
            object: Object {
                anchor: "0b68d111-9ac3-4b5f-8f21-0123456789ab".into(),
                class: Class::Group,
                deleted: false,
                values: [("name".to_owned(), vec!["staff".to_owned()])].into(),
                members: Some(vec!["0b68d111-9ac3-4b5f-8f21-0123456789ab".into(); members]),
            },
            problems: Vec::new(),
        }
    }

    fn message(packet: &Packet) -> usize {
        let page = Page {
            run: SyncRunId(uuid::Uuid::nil()),
            page: u64::MAX,
            whole: false,
            last: false,
            objects: packet.objects.clone(),
            problems: packet.problems.clone(),
        };
        latchkey_wire::encode(&Agent::Page(page)).len()
    }

    #[test]
    fn pages_are_short_and_in_order() {
        let packets = pack((0..3_000).map(|_| mapped(0)), []);
        assert!(
            packets
                .iter()
                .all(|packet| message(packet) <= PAGE_BYTES + 1_024)
        );
        assert!(
            packets
                .iter()
                .all(|packet| packet.objects.len() <= PAGE_OBJECTS)
        );
        let objects: usize = packets.iter().map(|packet| packet.objects.len()).sum();
        assert_eq!(objects, 3_000);
        assert_eq!(pack([], []).len(), 1);
    }

    #[test]
    fn a_long_group_is_a_page_of_its_own_and_one_that_is_too_long_keeps_its_members() {
        let packets = pack([mapped(1), mapped(20_000), mapped(1)], []);
        assert_eq!(packets.len(), 3);
        assert!(packets.iter().all(|packet| message(packet) < MESSAGE_MAX));
        let packets = pack([mapped(30_000)], []);
        assert_eq!(packets[0].objects[0].members, None);
        assert_eq!(packets[0].problems[0].code, "too_many_members");
        assert!(packets[0].problems[0].detail.contains("30000"));
    }
}
