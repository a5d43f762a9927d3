//! A runner of workflows: what a code host does with a step.

use std::{collections::BTreeMap, fs, path::PathBuf};

use serde_yaml::Value;

use crate::stage::{Ended, Stage, child, dialplane, script};

/// A runner of workflows in a stage.
pub(super) struct Runner<'s> {
    stage: &'s Stage,
    pub(super) temp: PathBuf,
    pub(super) env: BTreeMap<String, String>,
    /// What `${{ ... }}` stands for.
    pub(super) values: BTreeMap<String, String>,
}

impl<'s> Runner<'s> {
    pub(super) fn new(stage: &'s Stage) -> Self {
        let temp = stage.path().join("runner");
        let bin = temp.join("bin");
        fs::create_dir_all(&bin).unwrap();
        let binary = dialplane(stage.path(), &[]).get_program().to_str().unwrap().to_owned();
        std::os::unix::fs::symlink(&binary, bin.join("dialplane")).unwrap();
        let at = temp.display();
        // Comments are a file, which the filter of the step really goes over.
        script(
            &bin.join("gh"),
            &format!(
                "#!/bin/sh\necho \"$*\" >> '{at}/gh.log'\nall=$*\njq=.\nwhile [ $# -gt 0 ]; do\n  case \
                    $1 in\n    --jq) jq=$2; shift ;;\n    --dir) mkdir -p \"$2\"; cp '{at}/kept.json' \
                    \"$2/live.json\" ;;\n    body=@*) cp \"${{1#body=@}}\" '{at}/posted.md' ;;\n  \
                    esac\n  shift\ndone\ncase $all in\n  'api --paginate '*) jq -r \"$jq\" \
                    '{at}/comments.json' ;;\n  'run list '*) jq -r \"$jq\" '{at}/runs.json' ;;\nesac\n"
            ),
        );
        script(
            &bin.join("docker"),
            &format!(
                "#!/bin/sh\ncase $1 in\n  create) echo box ;;\n  cp) cp '{binary}' \"$3\" ;;\nesac\n"
            ),
        );
        fs::write(temp.join("comments.json"), "[]").unwrap();
        fs::write(temp.join("runs.json"), "[]").unwrap();
        Self { stage, temp, env: BTreeMap::new(), values: BTreeMap::new() }
    }

    pub(super) fn value(&mut self, expression: &str, value: &str) {
        self.values.insert(expression.to_owned(), value.to_owned());
    }

    /// A text in which each `${{ ... }}` is replaced; what is not known is empty.
    pub(super) fn replaced(&self, text: &str) -> String {
        let mut parts = text.split("${{");
        let mut out = parts.next().unwrap().to_owned();
        for part in parts {
            let (expression, rest) = part.split_once("}}").unwrap();
            out += self.values.get(expression.trim()).map_or("", String::as_str);
            out += rest;
        }
        out
    }

    /// Runs the step of that name.
    pub(super) async fn run(&mut self, steps: &Value, name: &str) -> Ended {
        let step = steps.as_sequence().unwrap().iter().find(|step| step["name"] == name);
        let step = step.unwrap_or_else(|| panic!("there is no step {name}"));
        let mut env = self.env.clone();
        for (key, value) in step["env"].as_mapping().into_iter().flatten() {
            env.insert(key.as_str().unwrap().to_owned(), self.replaced(value.as_str().unwrap()));
        }
        let ended = self.shell(step["run"].as_str().unwrap(), &env).await;
        for line in self.taken("GITHUB_ENV") {
            let (key, value) = line.split_once('=').unwrap();
            self.env.insert(key.to_owned(), value.to_owned());
            self.values.insert(format!("env.{key}"), value.to_owned());
        }
        for line in self.taken("GITHUB_OUTPUT") {
            let (key, value) = line.split_once('=').unwrap();
            let id = step["id"].as_str().unwrap();
            self.values.insert(format!("steps.{id}.outputs.{key}"), value.to_owned());
        }
        ended
    }

    pub(super) async fn shell(&self, text: &str, env: &BTreeMap<String, String>) -> Ended {
        let file = self.temp.join("step.sh");
        fs::write(&file, text).unwrap();
        let mut command = child("bash", self.stage.path());
        command.args(["--noprofile", "--norc", "-eo", "pipefail"]).arg(&file).envs(env);
        let path = std::env::var("PATH").unwrap();
        command.env("PATH", format!("{}:{path}", self.temp.join("bin").display()));
        command.env("RUNNER_TEMP", &self.temp).env("GITHUB_WORKSPACE", self.stage.path());
        for file in ["GITHUB_ENV", "GITHUB_OUTPUT", "GITHUB_PATH", "GITHUB_STEP_SUMMARY"] {
            command.env(file, self.temp.join(file));
        }
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        Ended::from(output)
    }

    /// The lines that a step has written to a file of the runner.
    fn taken(&self, file: &str) -> Vec<String> {
        let path = self.temp.join(file);
        let text = fs::read_to_string(&path).unwrap_or_default();
        let _ = fs::remove_file(path);
        text.lines().map(str::to_owned).collect()
    }

    pub(super) fn text(&self, file: &str) -> String {
        fs::read_to_string(self.temp.join(file)).unwrap_or_default()
    }

    pub(super) fn output(&self, key: &str) -> &str {
        &self.values[&format!("steps.plan.outputs.{key}")]
    }

    /// The same runner and its values, with nothing of the steps before.
    pub(super) fn again(&self) -> Self {
        let values = self.values.clone();
        Self { stage: self.stage, temp: self.temp.clone(), env: BTreeMap::new(), values }
    }
}
