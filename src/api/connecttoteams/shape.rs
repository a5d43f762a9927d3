//! Where the pointers of a `listUsers` row lead, as a tree of keys: what a reader of bytes follows
//! from the outside in. Pure.

use crate::config::ListUsers;

/// Where a service counts: its `draw`, all users, those that its filter left. The total of numbered
/// pages comes after these.
pub(super) const COUNTS: [&str; 3] = ["/draw", "/recordsTotal", "/recordsFiltered"];

/// The most keys that are looked for in one object: as many as [`Node::below`] can be noted by bits.
const MAX_BELOW: usize = 64;

/// Where the pointers of a row lead, from the outside in.
#[derive(Debug)]
pub(super) struct Shape {
    /// Around the list.
    pub envelope: Node,
    /// In an item of it.
    pub item: Node,
}

/// One place of a page or of an item.
#[derive(Debug, Default)]
pub(super) struct Node {
    /// Whether the list is here.
    pub is_list: bool,
    /// What is looked for here, by its number.
    pub wanted: Vec<usize>,
    /// What is looked for below.
    below: Vec<(String, Self)>,
}

impl Shape {
    /// That of a row with these pointers into an item; nothing if one of them cannot be followed.
    pub(super) fn of(list: &ListUsers, pointers: &[&str]) -> Option<Self> {
        let mut envelope = Node::default();
        envelope.at(&list.items)?.is_list = true;
        let counts = COUNTS.into_iter().chain([list.pages.total.as_str()]);
        for (number, pointer) in counts.enumerate() {
            envelope.at(pointer)?.wanted.push(number);
        }
        let mut item = Node::default();
        for (number, pointer) in pointers.iter().enumerate() {
            item.at(pointer)?.wanted.push(number);
        }
        (!envelope.is_ambiguous() && !item.is_ambiguous()).then_some(Self { envelope, item })
    }
}

impl Node {
    /// The place where a pointer leads (RFC 6901), made if need be.
    fn at(&mut self, pointer: &str) -> Option<&mut Self> {
        if pointer.is_empty() {
            return Some(self);
        }
        let mut node = self;
        for key in pointer.strip_prefix('/')?.split('/') {
            let key = key.replace("~1", "/").replace("~0", "~");
            let known = node.below.iter().position(|(known, _)| *known == key);
            let index = known.unwrap_or_else(|| {
                node.below.push((key, Self::default()));
                node.below.len() - 1
            });
            node = &mut node.below.get_mut(index)?.1;
        }
        Some(node)
    }

    /// Whether the list is also something else, or more is looked for than can be noted. Below a
    /// list only numbers lead anywhere.
    fn is_ambiguous(&self) -> bool {
        let is_number = |key: &str| key.bytes().all(|byte| byte.is_ascii_digit());
        let leads_into = self.below.iter().any(|(key, _)| is_number(key));
        (self.is_list && (leads_into || !self.wanted.is_empty()))
            || self.below.len() > MAX_BELOW
            || self.below.iter().any(|(_, node)| node.is_ambiguous())
    }

    /// The place below under a key, tried first where the last one was found.
    pub(super) fn below(&self, key: &str, hint: &mut usize) -> Option<(usize, &Self)> {
        let is_it = |index: usize| {
            self.below.get(index).filter(|(known, _)| known == key).map(|(_, node)| (index, node))
        };
        let found = is_it(*hint).or_else(|| (0..self.below.len()).find_map(is_it))?;
        *hint = found.0 + 1;
        Some(found)
    }
}
