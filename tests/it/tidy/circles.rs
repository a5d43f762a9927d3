//! Circles among the parts of a module.

use std::collections::{BTreeMap, BTreeSet};

use super::imports::{Modules, Name};

/// The parts of each module that use each other in a circle, each circle once. The parts of a module
/// are its files and its folders; its root, which puts them together, is none of them.
pub(super) fn circles(modules: &Modules) -> Vec<Vec<String>> {
    let roots = modules.0.values().filter(|module| module.is_root);
    let mut all = Vec::new();
    for root in roots {
        let mut uses: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for module in modules.0.values() {
            let Some(part) = part_of(&root.name, &module.name) else { continue };
            let others =
                modules.used_by(module).into_iter().filter_map(|used| part_of(&root.name, used));
            let others = others.filter(|other| *other != part).collect::<BTreeSet<_>>();
            uses.entry(part).or_default().extend(others);
        }
        all.extend(in_circles(&uses));
    }
    all
}

/// The part of a module in which another one lies.
fn part_of(root: &Name, module: &Name) -> Option<String> {
    let inside = module.len() > root.len() && module.starts_with(root);
    inside.then(|| module[..=root.len()].join("/"))
}

/// Those that reach each other.
fn in_circles(uses: &BTreeMap<String, BTreeSet<String>>) -> Vec<Vec<String>> {
    let reach: BTreeMap<&String, BTreeSet<&String>> =
        uses.keys().map(|part| (part, reached(part, uses))).collect();
    let mut circles: Vec<Vec<String>> = Vec::new();
    for (part, others) in &reach {
        let known = circles.iter().any(|circle| circle.contains(part));
        if others.contains(*part) && !known {
            let members = others.iter().filter(|other| reach[**other].contains(*part));
            circles.push(members.map(|member| (*member).clone()).collect());
        }
    }
    circles
}

fn reached<'u>(from: &str, uses: &'u BTreeMap<String, BTreeSet<String>>) -> BTreeSet<&'u String> {
    let mut seen = BTreeSet::new();
    let mut open: Vec<&String> = uses[from].iter().collect();
    while let Some(part) = open.pop() {
        if seen.insert(part) {
            open.extend(uses.get(part).into_iter().flatten());
        }
    }
    seen
}
