//! `import --update`: manifests that are there take up what is live and not written yet, or follow it
//! where that is asked for. Comments stay, nobody is taken out, and nothing is written that was not
//! shown.

use std::{fs, path::Path};

use crate::stage::{Ended, dialplane};

const TENANT: &str = "contoso=87d349ed-44d7-43e1-9a83-5f2406dee5bd";

const MANIFEST: &str = "\
# Contoso, since 2019.
apiVersion: dialplane/v1
kind: Tenant
metadata: { name: contoso }
spec:
  tenantId: 87d349ed-44d7-43e1-9a83-5f2406dee5bd
  timeZone: Europe/Berlin
  mode: report # until July
  prune: never
---
apiVersion: dialplane/v1
kind: UserSet
metadata: { name: office, tenant: contoso }
spec:
  users:
    # The front desk.
    - userPrincipalName: adele@contoso.com
      calling: enabled # on purpose
      phoneNumber: \"+4930123450\" # her own
    - { userPrincipalName: bert@contoso.com, calling: enabled, phoneNumber: \"+4930123451\" }
    - userPrincipalName: carl@contoso.com
      calling: disabled
    - userPrincipalName: dora@contoso.com
      calling: enabled
      phoneNumber: \"+4930123453\"
    - userPrincipalName: emil@contoso.com # on leave, not in the list
      calling: enabled
    - { userPrincipalName: gerd@contoso.com, calling: enabled, phoneNumber: none }
    - userPrincipalName: fritz@contoso.com
      calling: enabled
      until: 2099-12-31
";

const LIST: &str = "\
UserPrincipalName,LineUri,EnterpriseVoiceEnabled
adele@contoso.com,tel:+4930123459,True
bert@contoso.com,tel:+4930123451,False
carl@contoso.com,,False
dora@contoso.com,,True
fritz@contoso.com,,False
gerd@contoso.com,,True
new@contoso.com,tel:+4930123450,True
";

fn folder() -> tempfile::TempDir {
    let folder = crate::folder::folder();
    fs::create_dir(folder.path().join("manifests")).unwrap();
    fs::write(folder.path().join("manifests/contoso.yaml"), MANIFEST).unwrap();
    fs::write(folder.path().join("users.csv"), LIST).unwrap();
    folder
}

fn run(folder: &Path, arguments: &[&str]) -> Ended {
    Ended::from(dialplane(folder, arguments).output().unwrap())
}

const FILL: [&str; 9] = [
    "import",
    "--update",
    "--out",
    "manifests",
    "--from",
    "teams-users",
    "users.csv",
    "--tenant-id",
    TENANT,
];

const UPDATE: [&str; 10] = [
    "import",
    "--update",
    "--overwrite",
    "--out",
    "manifests",
    "--from",
    "teams-users",
    "users.csv",
    "--tenant-id",
    TENANT,
];

const FILLED: &str = "\
# Contoso, since 2019.
apiVersion: dialplane/v1
kind: Tenant
metadata: { name: contoso }
spec:
  tenantId: 87d349ed-44d7-43e1-9a83-5f2406dee5bd
  mode: report # until July
  prune: never
---
apiVersion: dialplane/v1
kind: UserSet
metadata: { name: office, tenant: contoso }
spec:
  users:
    # The front desk.
    - userPrincipalName: adele@contoso.com
      calling: enabled # on purpose
    - { userPrincipalName: bert@contoso.com, calling: enabled } # in one line
    - userPrincipalName: carl@contoso.com
      calling: enabled
      phoneNumber: \"+4930123452\" # his own
    - userPrincipalName: dora@contoso.com # keeps what is written
      calling: disabled
    - { userPrincipalName: emil@contoso.com, calling: enabled, phoneNumber: none }
    - userPrincipalName: fritz@contoso.com
      calling: enabled
    - userPrincipalName: gerd@contoso.com
      calling: enabled
    - userPrincipalName: hans@contoso.com
      calling: enabled
    - userPrincipalName: ida@contoso.com
      calling: enabled
";

/// Fritz is shown with the number that carl is to have; gerd and hans with one number.
const SHOWN: &str = "\
UserPrincipalName,LineUri,EnterpriseVoiceEnabled
adele@contoso.com,tel:+4930123450,True
bert@contoso.com,tel:+4930123451,True
carl@contoso.com,tel:+4930123459,True
dora@contoso.com,tel:+4930123453,True
emil@contoso.com,tel:+4930123454,True
fritz@contoso.com,tel:+4930123452,True
gerd@contoso.com,tel:+4930123456,True
hans@contoso.com,tel:+4930123456,True
ida@contoso.com,,True
";

#[test]
fn what_is_not_written_yet_is_filled_in_and_what_is_written_stays() {
    let folder = crate::folder::folder();
    fs::create_dir(folder.path().join("manifests")).unwrap();
    let file = folder.path().join("manifests/contoso.yaml");
    fs::write(&file, FILLED).unwrap();
    fs::write(folder.path().join("users.csv"), SHOWN).unwrap();
    let shown = run(folder.path(), &FILL);
    assert_eq!(shown.code, 2, "{}{}", shown.stdout, shown.stderr);
    insta::assert_snapshot!(format!("{}{}", shown.stdout, shown.stderr));
    let written = run(folder.path(), &[&FILL[..], &["--yes"]].concat());
    assert_eq!(written.code, 0, "{}{}", written.stdout, written.stderr);
    // Only lines were added: each line is still there, or was only made longer.
    let after = fs::read_to_string(&file).unwrap();
    let mut kept = after.lines();
    for line in FILLED.lines() {
        let start = line.split(" }").next().unwrap();
        assert!(kept.any(|now| now.starts_with(start)), "{line}: {after}");
    }
    for comment in FILLED.lines().filter_map(|line| line.split_once('#')) {
        assert!(after.contains(comment.1), "{comment:?}: {after}");
    }
    let again = run(folder.path(), &FILL);
    assert!(again.stderr.contains("there is nothing to update"), "{}", again.stderr);
}

#[test]
fn what_would_change_is_shown_and_written_only_when_that_is_asked_for() {
    let folder = folder();
    let shown = run(folder.path(), &UPDATE);
    assert_eq!(shown.code, 2, "{}{}", shown.stdout, shown.stderr);
    insta::assert_snapshot!(format!("{}{}", shown.stdout, shown.stderr));
    let manifest = || fs::read_to_string(folder.path().join("manifests/contoso.yaml")).unwrap();
    assert_eq!(manifest(), MANIFEST, "nothing was written");
    assert_eq!(fs::read_dir(folder.path().join("manifests")).unwrap().count(), 1);

    let written = run(folder.path(), &[&UPDATE[..], &["--yes"]].concat());
    assert_eq!(written.code, 0, "{}{}", written.stdout, written.stderr);
    assert_eq!(written.stdout, shown.stdout, "just what was shown");
    // Each comment and each user is still there.
    let after = manifest();
    for line in MANIFEST.lines().filter(|line| line.contains('#') || line.contains("userPrin")) {
        let kept = line
            .split(['#', '"'])
            .next()
            .unwrap()
            .trim_end_matches("calling: enabled, phoneNumber: ");
        assert!(after.contains(kept), "{kept}: {after}");
    }
    for comment in ["# Contoso, since 2019.", "# until July", "# her own", "# on leave"] {
        assert!(after.contains(comment), "{comment}: {after}");
    }
    assert!(after.contains("phoneNumber: \"+4930123459\" # her own"), "{after}");
    let valid = run(folder.path(), &["validate", "manifests"]);
    assert_eq!(valid.code, 0, "{}{}", valid.stdout, valid.stderr);
    // The second time there is nothing.
    let again = run(folder.path(), &UPDATE);
    assert!(again.code == 0 && again.stdout.is_empty(), "{}{}", again.stdout, again.stderr);
    assert!(again.stderr.contains("there is nothing to update"), "{}", again.stderr);
}

#[test]
fn what_does_not_go_together_is_not_written() {
    let folder = folder();
    // Somebody else who is named and not live wants the number that the list gives to the new one.
    let clash = MANIFEST.replace(
        "emil@contoso.com # on leave, not in the list\n      calling: enabled\n",
        "emil@contoso.com\n      calling: enabled\n      phoneNumber: \"+4930123459\"\n",
    );
    assert_ne!(clash, MANIFEST);
    let file = folder.path().join("manifests/contoso.yaml");
    fs::write(&file, &clash).unwrap();
    let refused = run(folder.path(), &[&UPDATE[..], &["--yes"]].concat());
    assert_eq!(refused.code, 1, "{}{}", refused.stdout, refused.stderr);
    assert!(refused.stderr.contains("nothing was written"), "{}", refused.stderr);
    assert_eq!(fs::read_to_string(&file).unwrap(), clash);
    for (arguments, told) in [
        (
            &["--tenant-id", "other=87d349ed-44d7-43e1-9a83-5f2406dee5be"][..],
            "describes tenant other",
        ),
        (&["--tenant-id", TENANT, "--check"], "cannot be used with"),
    ] {
        let arguments = [&UPDATE[..8], arguments].concat();
        let wrong = run(folder.path(), &arguments);
        assert!(wrong.code == 1 && wrong.stderr.contains(told), "{}", wrong.stderr);
    }
    let none = crate::folder::folder();
    fs::write(none.path().join("users.csv"), LIST).unwrap();
    let none = run(none.path(), &UPDATE);
    assert!(none.code == 1 && none.stderr.contains("import without --update"), "{}", none.stderr);
}
