//! What stays in force while files break and are repaired.

use std::collections::BTreeMap;

use dialplane::manifest::{InForce, Keeper, ManifestFile, load};

/// Files that change from one look to the next.
#[derive(Default)]
struct World {
    files: BTreeMap<&'static str, String>,
    keeper: Keeper,
}

impl World {
    fn new(files: &[(&'static str, &str)]) -> Self {
        let mut world = Self::default();
        for (file, text) in files {
            world.write(file, text);
        }
        world
    }

    fn write(&mut self, file: &'static str, text: &str) -> &mut Self {
        self.files.insert(file, text.to_owned());
        self
    }

    fn remove(&mut self, file: &'static str) -> &mut Self {
        self.files.remove(file);
        self
    }

    /// Why missing lines of tenants do not count, after the same look once more.
    fn doubts(&mut self) -> Vec<String> {
        let files: Vec<ManifestFile> =
            self.files.iter().map(|(path, text)| ManifestFile::new(path, text)).collect();
        let in_force = self.keeper.take(load(&files));
        let tenants = in_force.desired.tenants.iter();
        tenants
            .filter_map(|(name, tenant)| {
                Some(format!("{name}: {}", tenant.missing.doubt.as_ref()?))
            })
            .collect()
    }

    /// One line for each tenant: `name = users [kept] [held]`, or `name broken`.
    fn look(&mut self) -> String {
        let files: Vec<ManifestFile> =
            self.files.iter().map(|(path, text)| ManifestFile::new(path, text)).collect();
        let in_force = self.keeper.take(load(&files));
        lines(&in_force)
    }
}

fn lines(in_force: &InForce) -> String {
    let InForce { desired, kept, broken, .. } = in_force;
    let users = desired.tenants.iter().map(|(name, tenant)| {
        let users: Vec<&str> =
            tenant.users.keys().map(|user| user.as_str().split('@').next().unwrap()).collect();
        let kept = if kept.contains_key(name) { " kept" } else { "" };
        let held = if tenant.incomplete.is_some() { " held" } else { "" };
        (name, format!("{name} = {}{kept}{held}", users.join(" ")))
    });
    let broken = broken.keys().map(|name| (name, format!("{name} broken")));
    let all: BTreeMap<_, _> = users.chain(broken).collect();
    assert_eq!(
        all.len(),
        desired.tenants.len() + in_force.broken.len(),
        "a tenant is in force or broken, not both"
    );
    assert!(kept.keys().all(|name| desired.tenants.contains_key(name)), "what is kept is in force");
    all.into_values().collect::<Vec<_>>().join("; ")
}

fn tenant_with(name: &str, id: u8) -> String {
    format!(
        "---\napiVersion: dialplane/v1\nkind: Tenant\nmetadata: \
            {{name: {name}}}\nspec:\n  tenantId: \
            87d349ed-44d7-43e1-9a83-5f2406dee5{id:02x}\n  mode: enforce\n  prune: disable\n"
    )
}

fn tenant(name: &str) -> String {
    tenant_with(name, name.bytes().next().unwrap())
}

/// Users as `name` or `name:number`.
fn set(tenant: &str, users: &[&str]) -> String {
    let mut text = format!(
        "---\napiVersion: dialplane/v1\nkind: UserSet\nmetadata: \
            {{name: s{}, tenant: {tenant}}}\nspec:\n  users: {}\n",
        users.concat().replace(':', ""),
        if users.is_empty() { "[]" } else { "" }
    );
    for user in users {
        let (name, number) = user.split_once(':').unwrap_or((user, ""));
        text.push_str(&format!(
            "    - userPrincipalName: {name}@example.com\n      calling: enabled\n"
        ));
        if !number.is_empty() {
            text.push_str(&format!("      phoneNumber: \"+1425555{number}\"\n"));
        }
    }
    text
}

fn whole(name: &str, users: &[&str]) -> String {
    tenant(name) + &set(name, users)
}

const NONSENSE: &str = "kind: [";

#[test]
fn a_mistake_keeps_the_last_good_version_and_others_go_on() {
    let mut world =
        World::new(&[("a.yaml", &whole("a", &["ann"])), ("b.yaml", &whole("b", &["bob"]))]);
    assert_eq!(world.look(), "a = ann; b = bob");
    let broken = whole("a", &["ann", "amy"]) + "      sbcGatewayId: 0\n";
    world.write("a.yaml", &broken).write("b.yaml", &whole("b", &["bob", "bea"]));
    assert_eq!(world.look(), "a = ann kept; b = bea bob");
    // It stays so however often one looks, and others still go on.
    assert_eq!(world.look(), "a = ann kept; b = bea bob");
    world.write("b.yaml", &whole("b", &["bea"]));
    assert_eq!(world.look(), "a = ann kept; b = bea");
    world.write("a.yaml", &whole("a", &["ann", "amy"]));
    assert_eq!(world.look(), "a = amy ann; b = bea");
}

#[test]
fn a_mistake_from_the_first_look_breaks_its_tenant_only() {
    let bad = whole("a", &["ann"]) + "      sbcGatewayId: 0\n";
    let mut world = World::new(&[("a.yaml", &bad), ("b.yaml", &whole("b", &["bob"]))]);
    assert_eq!(world.look(), "a broken; b = bob");
    world.write("a.yaml", &whole("a", &["ann"]));
    assert_eq!(world.look(), "a = ann; b = bob");
}

#[test]
fn a_file_that_was_never_understood_holds_removals_of_everybody() {
    let mut world = World::new(&[("a.yaml", &whole("a", &["ann"])), ("x.yaml", NONSENSE)]);
    assert_eq!(world.look(), "a = ann held");
    assert_eq!(world.look(), "a = ann held");
    world.write("x.yaml", &whole("x", &["xia"]));
    assert_eq!(world.look(), "a = ann; x = xia");
    world.write("x.yaml", NONSENSE);
    assert_eq!(world.look(), "a = ann; x = xia kept");
    // The new one beside it may be anybody's.
    world.write("y.yaml", NONSENSE);
    assert_eq!(world.look(), "a = ann held; x = xia kept");
    world.remove("y.yaml").remove("x.yaml");
    assert_eq!(world.look(), "a = ann");
}

#[test]
fn a_file_that_breaks_holds_only_the_tenants_it_spoke_of() {
    let mut world =
        World::new(&[("a.yaml", &whole("a", &["ann"])), ("b.yaml", &whole("b", &["bob"]))]);
    world.look();
    world.write("a.yaml", NONSENSE);
    assert_eq!(world.look(), "a = ann kept; b = bob");
    world.write("b.yaml", &whole("b", &["bea", "bob"]));
    assert_eq!(world.look(), "a = ann kept; b = bea bob");
    world.write("a.yaml", &whole("a", &["amy"]));
    assert_eq!(world.look(), "a = amy; b = bea bob");
}

#[test]
fn one_of_several_files_of_a_tenant_breaks() {
    let mut world = World::new(&[
        ("a.yaml", &tenant("a")),
        ("sales.yaml", &set("a", &["sam"])),
        ("works.yaml", &set("a", &["wil"])),
    ]);
    assert_eq!(world.look(), "a = sam wil");
    world.write("sales.yaml", NONSENSE).write("works.yaml", &set("a", &["wil", "win"]));
    assert_eq!(world.look(), "a = sam wil kept");
    world.write("sales.yaml", &set("a", &[]));
    assert_eq!(world.look(), "a = wil win");
}

#[test]
fn users_who_moved_into_a_file_that_breaks_are_not_removed() {
    let mut world =
        World::new(&[("a.yaml", &whole("a", &["ann"])), ("b.yaml", &whole("b", &["bea", "bob"]))]);
    assert_eq!(world.look(), "a = ann; b = bea bob");
    // Bea's entry goes to the file that spoke of `a` only, and that file cannot be understood.
    world.write("b.yaml", &whole("b", &["bob"])).write("a.yaml", NONSENSE);
    assert_eq!(world.look(), "a = ann kept; b = bob held");
    // Forgetting it at the second look would be no better.
    assert_eq!(world.look(), "a = ann kept; b = bob held");
    world.write("a.yaml", &(whole("a", &["ann"]) + &set("b", &["bea"])));
    assert_eq!(world.look(), "a = ann; b = bea bob");
}

#[test]
fn a_set_of_a_misspelt_tenant_holds_removals() {
    let mut world = World::new(&[
        ("a.yaml", &whole("acme", &["ann"])),
        ("sales.yaml", &set("acmee", &["sam"])),
    ]);
    assert_eq!(world.look(), "acme = ann held");
    world.write("sales.yaml", &set("acme", &["sam"]));
    assert_eq!(world.look(), "acme = ann sam");
    // Now the file is known to speak of `acme`: its last good version stays.
    world.write("sales.yaml", &set("acmee", &["sam"]));
    assert_eq!(world.look(), "acme = ann sam kept");
}

#[test]
fn a_set_moves_to_another_file_under_a_misspelt_tenant() {
    let mut world = World::new(&[
        ("a.yaml", &whole("acme", &["ann", "sam"])),
        ("b.yaml", &whole("best", &["bob"])),
        ("c.yaml", "# nothing\n"),
    ]);
    assert_eq!(world.look(), "acme = ann sam; best = bob");
    world
        .write("a.yaml", &whole("acme", &["ann"]))
        .write("b.yaml", &(whole("best", &["bob"]) + &set("acmee", &["sam"])));
    assert_eq!(world.look(), "acme = ann held; best = bob kept");
}

#[test]
fn a_tenant_is_removed_cleanly() {
    let mut world =
        World::new(&[("a.yaml", &whole("a", &["ann"])), ("b.yaml", &whole("b", &["bob"]))]);
    world.look();
    world.remove("a.yaml");
    assert_eq!(world.look(), "b = bob");
    // Nothing of it comes back with a mistake made later.
    world.write("a.yaml", &(whole("a", &["amy"]) + "      sbcGatewayId: 0\n"));
    assert_eq!(world.look(), "a broken; b = bob");
}

#[test]
fn a_tenant_whose_document_goes_while_its_users_stay_is_kept() {
    let mut world = World::new(&[("a.yaml", &tenant("a")), ("sales.yaml", &set("a", &["sam"]))]);
    assert_eq!(world.look(), "a = sam");
    world.remove("a.yaml");
    assert_eq!(world.look(), "a = sam kept");
    world.remove("sales.yaml");
    assert_eq!(world.look(), "");
}

#[test]
fn a_kept_version_and_a_new_one_cannot_want_the_same() {
    type Change = (&'static str, String);
    let a = || whole("a", &["ann:0100"]);
    let cases: [(&str, Change, &str); 4] = [
        ("a number", ("b.yaml", whole("b", &["bob:0100"])), "a broken; b broken; c = cem"),
        ("a user", ("b.yaml", whole("b", &["ann"])), "a broken; b broken; c = cem"),
        (
            "a tenant id",
            ("b.yaml", tenant_with("b", b'a') + &set("b", &["bob"])),
            "a broken; b broken; c = cem",
        ),
        ("nothing", ("b.yaml", whole("b", &["bob:0101"])), "a = ann kept; b = bob; c = cem"),
    ];
    for (what, (file, text), expected) in cases {
        let mut world = World::new(&[
            ("a.yaml", &a()),
            ("b.yaml", &whole("b", &["bob"])),
            ("c.yaml", &whole("c", &["cem"])),
        ]);
        assert_eq!(world.look(), "a = ann; b = bob; c = cem", "{what}");
        world.write("a.yaml", NONSENSE).write(file, &text);
        assert_eq!(world.look(), expected, "{what}");
        assert_eq!(world.look(), expected, "{what}, looked at again");
        // When b goes back, the old version of a is still there to be kept.
        world.write("b.yaml", &whole("b", &["bob"]));
        assert_eq!(world.look(), "a = ann kept; b = bob; c = cem", "{what}, taken back");
    }
}

#[test]
fn a_tenant_kept_while_its_manifests_were_incomplete_stays_held() {
    let mut world = World::new(&[("a.yaml", &whole("a", &["ann"])), ("x.yaml", NONSENSE)]);
    assert_eq!(world.look(), "a = ann held");
    // The other file is repaired, but `a` breaks in the same moment: the version that is kept never
    // knew what stood there.
    world
        .write("x.yaml", &set("a", &["xia"]))
        .write("a.yaml", &(whole("a", &["ann"]) + "      sbcGatewayId: 0\n"));
    assert_eq!(world.look(), "a = ann kept held");
    world.write("a.yaml", &whole("a", &["ann"]));
    assert_eq!(world.look(), "a = ann xia");
}

#[test]
fn an_emptied_file_keeps_what_it_spoke_of_and_a_new_one_disturbs_nothing() {
    for empty in [
        "",
        " \n\t\n",
        "\u{feff}",
        "---\n",
        "# bob has left\n# so has bea\n",
        "--- # later\n...\n",
        "%YAML 1.2\n---\n",
    ] {
        let mut world = World::new(&[
            ("a.yaml", &whole("a", &["ann"])),
            ("b.yaml", &tenant("b")),
            ("s.yaml", &set("b", &["bob"])),
        ]);
        assert_eq!(world.look(), "a = ann; b = bob");
        world.write("s.yaml", empty).write("new.yaml", empty);
        assert_eq!(world.look(), "a = ann; b = bob kept", "{empty:?}");
        assert_eq!(world.look(), "a = ann; b = bob kept", "{empty:?}, looked at again");
        assert_eq!(world.doubts(), [""; 0], "{empty:?}");
        // Gone for a moment and back empty, as some editors do it.
        world.remove("s.yaml");
        assert_eq!(world.look(), "a = ann; b = ");
        world.write("s.yaml", empty);
        assert_eq!(world.look(), "a = ann; b = ");
        world.write("s.yaml", &set("b", &[]));
        assert_eq!(world.look(), "a = ann; b = ", "an empty list is said");
    }
}

#[test]
fn a_file_that_comes_back_empty_keeps_what_it_spoke_of_before_it_went() {
    let mut world = World::new(&[("b.yaml", &tenant("b")), ("s.yaml", &set("b", &["bob"]))]);
    assert_eq!(world.look(), "b = bob");
    // While the users are away, another mistake keeps the tenant.
    world.remove("s.yaml").write("b.yaml", &tenant("b").replace("enforce", "now"));
    assert_eq!(world.look(), "b = bob kept");
    world.write("s.yaml", "").write("b.yaml", &tenant("b"));
    assert_eq!(world.look(), "b = bob kept");
    world.write("s.yaml", &set("b", &["bea"]));
    assert_eq!(world.look(), "b = bea");
}

#[test]
fn a_file_that_breaks_before_its_tenant_was_ever_right_leaves_it_broken() {
    let mut world = World::new(&[
        ("a.yaml", &tenant("a")),
        ("s.yaml", &set("a", &["ann"]).replace("calling: enabled", "calling: on")),
    ]);
    assert_eq!(world.look(), "a broken");
    world.write("s.yaml", "{ [");
    assert_eq!(world.look(), "a broken");
}

#[test]
fn a_file_that_spoke_of_nobody_and_breaks_may_concern_anybody() {
    let approval = "apiVersion: dialplane/v1\nkind: Approval\nmetadata: { name: x, tenant: a }\nspec:\n  \
        plan: 9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f\n  gates: [limits]\n  \
        max: 3\n  reason: autumn\n  expires: 2026-12-01\n";
    let mut world = World::new(&[("a.yaml", &whole("a", &["ann"])), ("x.yaml", approval)]);
    assert_eq!(world.look(), "a = ann");
    world.write("x.yaml", "{ [");
    assert_eq!(world.look(), "a = ann held");
}

#[test]
fn an_emptied_file_whose_users_have_moved_is_just_empty() {
    let mut world = World::new(&[("b.yaml", &tenant("b")), ("s.yaml", &set("b", &["bob"]))]);
    world.look();
    world.write("s.yaml", "").write("t.yaml", &set("b", &["bea", "bob"]));
    assert_eq!(world.look(), "b = bea bob");
    world.write("t.yaml", &set("b", &["bea"]));
    assert_eq!(world.look(), "b = bea");
    assert_eq!(world.doubts(), [""; 0]);
}

#[test]
fn a_file_that_was_empty_from_the_beginning_leaves_a_doubt_until_it_speaks_or_goes() {
    let mut world =
        World::new(&[("a.yaml", &whole("a", &["ann"])), ("s.yaml", "# nobody\n"), ("t.yaml", "")]);
    world.look();
    assert_eq!(world.doubts(), ["a: s.yaml is empty, so it is not known which users it named"]);
    world.write("s.yaml", &set("a", &["amy"]));
    world.look();
    assert_eq!(world.doubts(), ["a: t.yaml is empty, so it is not known which users it named"]);
    world.remove("t.yaml");
    assert_eq!(world.look(), "a = amy ann");
    assert_eq!(world.doubts(), [""; 0]);
}

#[test]
fn one_bad_document_does_not_take_its_neighbours_along() {
    let both = |b: &str| whole("a", &["ann"]) + b;
    let mut world = World::new(&[("all.yaml", &both(&whole("b", &["bob"])))]);
    assert_eq!(world.look(), "a = ann; b = bob");
    world.write(
        "all.yaml",
        &(whole("a", &["ann", "amy"]) + &whole("b", &["bob"]) + "      sbcGatewayId: 0\n"),
    );
    assert_eq!(world.look(), "a = amy ann; b = bob kept");
}

#[test]
fn a_broken_file_with_the_name_of_one_that_is_gone_may_concern_anybody() {
    let a = ("a.yaml", &*whole("a", &["ann"]));
    let mut world =
        World::new(&[a, ("b.yaml", &whole("b", &["bob"])), ("x.yaml", &set("a", &["amy"]))]);
    assert_eq!(world.look(), "a = amy ann; b = bob");
    assert_eq!(world.remove("x.yaml").look(), "a = ann; b = bob");
    assert_eq!(world.write("x.yaml", NONSENSE).look(), "a = ann held; b = bob held");
}
