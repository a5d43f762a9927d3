//! What the program says of itself: help, schema, completions.

use crate::{
    snapshot::snapshot,
    stage::{Ended, dialplane},
};

#[test]
fn help_and_schema_are_there() {
    let folder = crate::folder::folder();
    let run =
        |arguments: &[&str]| Ended::from(dialplane(folder.path(), arguments).output().unwrap());
    snapshot!(run(&["--help"]).stdout);
    let schema: serde_json::Value = serde_json::from_str(&run(&["schema"]).stdout).unwrap();
    assert!(jsonschema::validator_for(&schema).is_ok());
}

#[test]
fn every_command_is_in_one_group_of_the_help_and_words_of_other_tools_lead_to_ours() {
    let folder = crate::folder::folder();
    let run =
        |arguments: &[&str]| Ended::from(dialplane(folder.path(), arguments).output().unwrap());
    let help = run(&["--help"]).stdout;
    // Completions know every command, from its definition.
    let mut asked = dialplane(folder.path(), &["--", "dialplane", ""]);
    let offered = Ended::from(asked.env("_DIALPLANE_COMPLETE", "fish").output().unwrap()).stdout;
    let commands: Vec<&str> = offered
        .lines()
        .filter_map(|line| Some(line.split_once('\t')?.0))
        .filter(|word| *word != "help" && !word.starts_with('-'))
        .collect();
    assert!(commands.len() > 15, "{offered}");
    for command in commands.iter().filter(|command| !["check", "diff"].contains(command)) {
        let told = help.lines().filter(|line| line.starts_with(&format!("  {command} "))).count();
        assert_eq!(told, 1, "{command} in\n{help}");
    }
    for (word, ours) in [
        ("sync", "apply"),
        ("rollback", "undo"),
        ("logs", "history"),
        ("list", "tenants"),
        ("version", "--version"),
    ] {
        let ended = run(&[word]);
        assert_eq!(ended.code, 1);
        assert!(ended.stderr.contains(&format!("did you mean `dialplane {ours}`?")), "{word}");
        assert!(!ended.stderr.contains("tip:"), "one answer is enough: {}", ended.stderr);
    }
    assert!(run(&["diff"]).stderr.contains("there are no manifests"));
    assert!(run(&["--color", "always", "plan"]).stderr.contains("\u{1b}["));
    assert!(!run(&["--color", "never", "plan"]).stderr.contains("\u{1b}["));
    for command in ["plan", "apply", "undo", "why", "init"] {
        assert!(run(&[command, "--help"]).stdout.contains("Examples:"), "{command}");
    }
}
