//! What does not fit on a page, or among the annotations that GitHub shows.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use dialplane::{
    model::{Calling, Field, PerHour, Value},
    plan::{
        Plan,
        render::{self, Compared, Mistake},
        review::Review,
    },
};

use super::judge;
use crate::{stage::dialplane, support::House};

/// A tenant whose users get tags, and `disabled` of them lose calling; others of their sites keep
/// it.
fn tenant(name: &str, number: usize, users: usize, disabled: usize) -> String {
    let mut text = format!(
        "---\napiVersion: dialplane/v1\nkind: Tenant\nmetadata: \
            {{ name: {name} }}\nspec:\n  tenantId: 00000000-0000-4000-8000-{number:012}\n  mode: \
            enforce\n  prune: never\n  limits: \
            {{ disable: {{ percent: 100, count: 10000 }}, changes: {{ percent: 100, count: 10000 }} }}\n  defaults: {{ sbcGatewayId: 805 }}\n---\napiVersion: dialplane/v1\nkind: UserSet\nmetadata: {{ name: all, tenant: {name} }}\nspec:\n  users:\n"
    );
    for user in 0..users {
        let calling = if user < disabled { "disabled" } else { "enabled" };
        let _ = writeln!(
            text,
            "    - {{ userPrincipalName: user{user:04}@{name}.example, calling: {calling}, site: \"floor {}\", userTag: new }}",
            user % disabled.max(1)
        );
    }
    text
}

/// The page of a plan in which each user differs.
async fn page(tenants: &[(String, usize, usize)]) -> String {
    let page = render::markdown(&plan(tenants).await);
    judge::page("the page", &page);
    page
}

/// A plan in which each user differs.
async fn plan(tenants: &[(String, usize, usize)]) -> Plan {
    let text: String = tenants
        .iter()
        .enumerate()
        .map(|(n, (name, users, disabled))| tenant(name, n, *users, *disabled))
        .collect();
    let per_hour = PerHour { disable: 10_000, numbers: 10_000, changes: 10_000 };
    let house = House::configured(
        &text,
        |settings| settings.execution.per_hour = per_hour,
        |world| {
            for user in world.tenants.values_mut().flat_map(|tenant| tenant.users.values_mut()) {
                user.calling = Calling::Enabled;
                user.stored.set(Field::UserTag, Value::Text("old".into()));
            }
        },
    )
    .await;
    house.plan().await
}

/// What a page says of a tenant in its fold.
fn fold<'p>(page: &'p str, tenant: &str) -> Option<&'p str> {
    let (_, behind) = page.split_once(&format!("<details><summary>{tenant}</summary>"))?;
    behind.split_once("</details>").map(|(inside, _)| inside)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_tenant_leaves_room_for_those_who_lose_calling_and_for_those_behind_it() {
    let page =
        page(&[("alpha".into(), 900, 0), ("middle".into(), 4, 0), ("zulu".into(), 6, 3)]).await;
    let people = page.find("- user0002@zulu.example").unwrap();
    assert!(people < page.find("| tenant |").unwrap(), "{page}");
    let (zulu, alpha) = (fold(&page, "zulu").unwrap(), fold(&page, "alpha").unwrap());
    assert!(
        page.find(zulu).unwrap() < page.find(alpha).unwrap(),
        "who could be harmed most comes first"
    );
    assert_eq!(zulu.matches("\n- disable  user").count(), 3, "{zulu}");
    assert_eq!(fold(&page, "middle").unwrap().matches("\n  update").count(), 4);
    let shown = alpha.matches("\n  update").count();
    assert!(shown > 100, "{shown}");
    assert!(alpha.contains(&format!("... and {} updates", 900 - shown)), "{alpha}");
}

#[tokio::test(flavor = "multi_thread")]
async fn names_sites_and_rows_are_cut_with_a_count() {
    let page = page(&[("alpha".into(), 1600, 800), ("zulu".into(), 4, 2)]).await;
    let bold = page.lines().find(|line| line.starts_with("**")).unwrap();
    assert!(
        bold.starts_with("**802 people would lose calling: alpha 800 (floor 0 1")
            && bold.len() < 400,
        "{bold}"
    );
    assert!(bold.contains("788 in 788 other sites"), "{bold}");
    let list = page.split("```diff\n").nth(1).unwrap().split("```").next().unwrap();
    let named = list.matches("- user").count();
    assert!(
        list.contains("user0001@zulu.example")
            && list.contains(&format!("... and {} more", 802 - named)),
        "{list}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn many_tenants_are_counted_where_they_do_not_fit() {
    let names = |n: usize| format!("tenant-with-a-name-that-is-rather-long-{n:03}");
    let tenants: Vec<_> = (0..300).map(|n| (names(n), 2, usize::from(n == 299))).collect();
    let page = page(&tenants).await;
    let rows = page.lines().filter(|line| line.starts_with("| tenant-")).count();
    assert!(page.contains(&format!("| and {} more tenants | 0 |", 300 - rows)), "{rows}");
    let folds = page.matches("<details>").count();
    assert!(folds < 300 && page.contains(&format!("{} more tenants with", 300 - folds)), "{folds}");
    let first = page.lines().find(|line| line.starts_with("| tenant-")).unwrap();
    assert!(first.contains(&names(299)), "{first}");
}

/// 5,100 changes in 300 tenants, of people among whom 600 lose calling.
#[tokio::test(flavor = "multi_thread")]
async fn a_large_change_has_every_summary_and_the_first_and_the_last_of_each_list() {
    let tenants: Vec<_> = (0..300).map(|n| (format!("tenant-{n:03}"), 17, 2)).collect();
    let plan = plan(&tenants).await;
    for most in [60_000, 32_768, 4_000] {
        let page = render::markdown_within(&plan, most);
        judge::page("the page", &page);
        assert!(page.len() <= most, "{} of {most}", page.len());
        for told in [
            "4500 to update, 600 to disable in 300 tenants, then 300 syncs",
            "**600 people would lose calling: ",
            "- user0000@tenant-000.example  tenant-000, floor 0\n",
            "- user0001@tenant-299.example  tenant-299, floor 1\n",
            "| tenant-000 | 0 | 15 | 2 |",
            "| tenant-299 | 0 | 15 | 2 |",
            " more tenants | 0 | ",
        ] {
            assert!(page.contains(told), "{told}: {page}");
        }
    }
    // The same as what a change does, with more mistakes in the manifests than anybody reads.
    let mistake = |n: usize| Mistake {
        file: Some(format!("manifests/{n}.yaml")),
        line: Some(n),
        column: Some(1),
        message: "a mistake".to_owned(),
        hint: Some("mend it".to_owned()),
    };
    let from = Compared {
        base: "main".to_owned(),
        head: "feature".to_owned(),
        live: Some("live.json".to_owned()),
        observed: None,
        lacks: Some(3),
        mistakes: (1..=2_000).map(mistake).collect(),
        configuration_changes: true,
        changed_only: true,
        left_out: None,
    };
    let drift = plan.clone();
    let review = Review {
        caused: plan.clone(),
        drift,
        touched: BTreeMap::new(),
        dropped: BTreeSet::new(),
        broken_before: BTreeSet::new(),
        tenants: 300,
        fingerprint: None,
    };
    for most in [60_000, 32_768, 4_000] {
        let page = render::review_markdown(&review, &from, most);
        judge::page("the page of a review", &page);
        assert!(page.len() <= most, "{} of {most}", page.len());
        for told in [
            "**2000 errors in the manifests, so this is not the whole plan; 4500 to update, ",
            "**600 people would lose calling: ",
            "- user0000@tenant-000.example  tenant-000, floor 0\n",
            "- user0001@tenant-299.example  tenant-299, floor 1\n",
            "manifests/1.yaml:1:1  a mistake\n",
            "manifests/2000.yaml:2000:1  a mistake\n",
        ] {
            assert!(page.contains(told), "{most}: {told}: {page}");
        }
    }
    let annotations = render::review_github(&review, &from);
    judge::annotations("the annotations of mistakes", &annotations);
    assert!(annotations.contains("::and 1991 more errors; the log has all"), "{annotations}");
    let annotations = render::github(&plan);
    judge::annotations("the annotations", &annotations);
    assert_eq!(annotations.matches("::error ").count(), 10);
    assert!(annotations.contains("::error title=dialplane::and 591 more: "), "{annotations}");
    assert!(annotations.contains("::notice title=dialplane::and 4492 more: "), "{annotations}");
}

#[test]
fn ten_annotations_tell_of_each_file_and_of_how_many_there_are() {
    let folder = tempfile::tempdir().unwrap();
    let users = |calling: &str, count: usize| {
        let head = "apiVersion: dialplane/v1\nkind: UserSet\nmetadata: \
            { name: x, tenant: y }\nspec:\n  users:\n";
        let user =
            |n| format!("    - {{ userPrincipalName: u{n}@y.example, calling: {calling} }}\n");
        head.to_owned() + &(0..count).map(user).collect::<String>()
    };
    std::fs::write(folder.path().join("a.yaml"), users("on", 20)).unwrap();
    std::fs::write(folder.path().join("b.yaml"), "kind: Tenantt\n").unwrap();
    std::fs::write(folder.path().join("c.yaml"), "a: [\n").unwrap();
    let output =
        dialplane(folder.path(), &["validate", ".", "--output", "github"]).output().unwrap();
    let (out, err) =
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    judge::annotations("validate", &out);
    assert_eq!(out.lines().count(), 10, "{out}");
    for file in ["a.yaml", "b.yaml", "c.yaml"] {
        assert!(out.contains(&format!("/{file},")), "{file}: {out}");
    }
    let all = err.lines().filter(|line| line.starts_with("./")).count();
    assert!(all > 20, "{err}");
    assert!(
        out.ends_with(&format!(
            "::error title=dialplane::and {} more errors; the log has all\n",
            all - 9
        )),
        "{out}{err}"
    );
    assert!(err.contains(&format!("{all} errors")), "{err}");
}

#[test]
fn what_has_no_place_is_an_annotation_too() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("empty")).unwrap();
    std::fs::write(folder.path().join("broken.yaml"), "run: {\n").unwrap();
    for arguments in [
        &["validate", "empty", "--output", "github"][..],
        &["validate", "absent", "--output", "github"],
        &["validate", "--config", "broken.yaml", "--output", "github"],
        &["validate", "--config", "absent.yaml", "--output", "github"],
    ] {
        let output = dialplane(folder.path(), arguments).output().unwrap();
        let out = String::from_utf8(output.stdout).unwrap();
        judge::annotations(&format!("{arguments:?}"), &out);
        assert_eq!(
            (output.status.code(), out.lines().count()),
            (Some(1), 1),
            "{arguments:?}: {out}"
        );
    }
}
