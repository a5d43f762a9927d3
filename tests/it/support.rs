//! The house as tests see it: manifests as text, a sandbox on a loopback socket, the program's own
//! client in front of it.
//!
//! ```text
//! text --load--> in force --observe, decide--> Plan --carry out--> sandbox, whose world and calls
//! a test can look at
//! ```

mod build;
mod edits;
pub(crate) mod postgres;
pub(crate) mod wire;

use std::{
    fmt::Write as _,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use dialplane::{
    api::{connecttoteams::Client, graph},
    config::{self, Execution, Settings},
    execute::{Executor, TenantReport},
    journal::VolatileJournal,
    manifest::{self, InForce, Keeper, ManifestFile},
    model::{RunId, TenantId, TenantName, Upn},
    pass::{self, Leases},
    plan::{Plan, TenantPlan, render},
    ports::{Journal, Lease, Provisioner},
    readers::Readers,
    sandbox::{FaultRule, RecordedCall, Sandbox, User, World, config_yaml},
};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::filters::plain;

pub(crate) use build::*;
pub(crate) use edits::*;

/// No calls.
pub(crate) const NOTHING: [String; 0] = [];

/// A sandbox, and everything that the program needs to work on it.
pub(crate) struct House {
    pub(crate) sandbox: Sandbox,
    pub(crate) client: Client,
    pub(crate) readers: Readers,
    pub(crate) in_force: InForce,
    pub(crate) journal: VolatileJournal,
    pub(crate) execution: Execution,
    pub(crate) stop: CancellationToken,
    pub(crate) newer: CancellationToken,
    keeper: Keeper,
    runs: AtomicU32,
}

impl House {
    /// A world that is as `manifests` want it, then changed.
    pub(crate) async fn open(manifests: &str, change: impl FnOnce(&mut World)) -> Self {
        Self::configured(manifests, |_| {}, change).await
    }

    /// The same with settings of its own. Steps go one by one, so that calls have one order; and
    /// writes may stay invisible for as long as at the real service.
    pub(crate) async fn configured(
        manifests: &str,
        configure: impl FnOnce(&mut Settings),
        change: impl FnOnce(&mut World),
    ) -> Self {
        let mut keeper = Keeper::default();
        let in_force = keeper.take(manifest::load(&[ManifestFile::new("fleet.yaml", manifests)]));
        let mut world = World::from_desired(&in_force.desired, 1);
        world.tenants.values_mut().for_each(|tenant| tenant.plain_numbers = false);
        change(&mut world);
        let sandbox = Sandbox::start(world, "127.0.0.1:0".parse().unwrap()).await.unwrap();
        let mut settings = settings(&sandbox.base_url());
        settings.execution = Execution {
            users_per_tenant: 1,
            tenants: 1,
            sync_spacing: Duration::ZERO,
            ..Execution::default()
        };
        configure(&mut settings);
        let client = Client::new(settings.connect_to_teams.as_ref().unwrap()).unwrap();
        let graph = settings.graph.as_ref().map(|graph| graph::GraphReader::new(graph).unwrap());
        let readers = Readers::new(client.reader(), graph, None);
        Self {
            sandbox,
            client,
            readers,
            in_force,
            journal: VolatileJournal::default(),
            execution: settings.execution,
            stop: CancellationToken::new(),
            newer: CancellationToken::new(),
            keeper,
            runs: AtomicU32::new(0),
        }
    }

    /// Other manifests from now on.
    pub(crate) fn edit(&mut self, files: &[(&str, &str)]) {
        let files: Vec<ManifestFile> =
            files.iter().map(|(path, text)| ManifestFile::new(path, text)).collect();
        self.in_force = self.keeper.take(manifest::load(&files));
    }

    pub(crate) async fn plan(&self) -> Plan {
        self.plan_in(0).await
    }

    /// The plan that would be made so many hours from now.
    pub(crate) async fn plan_in(&self, hours: u64) -> Plan {
        self.plan_at(Timestamp::now() + Duration::from_secs(hours * 3600)).await
    }

    /// The plan that would be made then.
    pub(crate) async fn plan_at(&self, now: Timestamp) -> Plan {
        let tenants = self.in_force.desired.tenants.values();
        let observed = pass::observe(&self.readers, tenants, self.execution.readers, |_| {}).await;
        pass::decide(
            &self.in_force,
            &observed,
            |tenant| self.journal.remembered(tenant),
            now,
            &self.execution,
        )
    }

    pub(crate) async fn apply(&self, plan: &Plan) -> Vec<TenantReport> {
        self.apply_with(plan, &self.client.writer(), &self.journal).await
    }

    /// Plans, carries that out, and tells the writes that it made.
    pub(crate) async fn pass(&self) -> Vec<String> {
        let before = self.writes().len();
        let plan = self.plan().await;
        self.apply(&plan).await;
        self.writes().split_off(before)
    }

    /// Carries a plan out through somebody else.
    pub(crate) async fn apply_with<P: Provisioner, J: Journal>(
        &self,
        plan: &Plan,
        provisioner: &P,
        journal: &J,
    ) -> Vec<TenantReport> {
        let executor = Executor {
            provisioner,
            journal,
            users: self.execution.users_per_tenant.try_into().unwrap(),
            sync_settings: self.execution.sync_settings,
            revision: None,
            by: None,
            part_of: None,
            stop: self.stop.clone(),
            newer: self.newer.clone(),
        };
        let run = |_: &TenantName| {
            RunId::new(&format!("run-{}", self.runs.fetch_add(1, Ordering::SeqCst) + 1))
        };
        let (plan, leases) = under_leases(journal, plan).await;
        pass::carry_out(
            &plan,
            leases,
            &executor,
            self.execution.tenants,
            run,
            &|_: &TenantPlan, _| {},
        )
        .await
    }

    /// Lets something go wrong.
    pub(crate) fn fault(&self, rule: FaultRule) {
        self.sandbox.faults(|faults| faults.rules.push(rule));
    }

    pub(crate) fn no_faults(&self) {
        self.sandbox.faults(|faults| *faults = dialplane::sandbox::Faults::default());
    }

    /// All writes so far, in words, in the order in which they were handled.
    pub(crate) fn writes(&self) -> Vec<String> {
        self.sandbox.writes().iter().map(|call| self.words(call)).collect()
    }

    fn words(&self, call: &RecordedCall) -> String {
        let verb = ["enable", "disable", "update", "configure", "sync"]
            .into_iter()
            .find(|verb| call.path.contains(verb))
            .unwrap_or("?");
        let tenant = self.sandbox.world(|world| {
            let tenant =
                world.tenants.iter().find(|(id, _)| Some(id.as_str()) == call.tenant.as_deref());
            tenant.map(|(_, tenant)| tenant.name.to_string()).unwrap_or_default()
        });
        let whom = call.user.clone().unwrap_or(tenant);
        match call.status {
            Some(200) => format!("{verb} {whom}"),
            Some(status) => format!("{verb} {whom}: HTTP {status}"),
            None => format!("{verb} {whom}: no answer"),
        }
    }

    /// How many syncs a tenant accepted.
    pub(crate) fn syncs(&self, tenant: &str) -> u32 {
        self.sandbox.world(|world| world.tenant(&name(tenant)).unwrap().1.sync.accepted)
    }

    /// What the platform keeps of a user.
    pub(crate) fn user(&self, upn: &str) -> User {
        self.sandbox.world(|world| user(world, upn).clone())
    }

    /// From now on a list shows everything that was written so far.
    pub(crate) fn show_all(&self) {
        self.sandbox.world(|world| {
            for user in world.tenants.values_mut().flat_map(|tenant| tenant.users.values_mut()) {
                let hidden = user.hidden;
                let (set_up, call_app) = (user.set_up, user.call_app);
                *user = User::new(user.calling, user.stored.clone());
                user.hidden = hidden;
                user.set_up = set_up;
                user.call_app = call_app;
                user.push();
            }
        });
    }
}

/// A plan as if it had been made under leases of all tenants that it can write of, and these.
pub(crate) async fn under_leases<J: Journal>(journal: &J, plan: &Plan) -> (Plan, Leases) {
    let tenants = plan.tenants.iter().filter_map(|tenant| tenant.reference.as_ref());
    let asked = tenants.map(|tenant| (&tenant.name, &tenant.id));
    let leases = Leases::take(journal, asked).await.unwrap();
    let mut plan = plan.clone();
    for tenant in &mut plan.tenants {
        tenant.lease = leases.of(&tenant.tenant).map(Lease::id);
    }
    (plan, leases)
}

/// The settings for a service at `base_url`.
pub(crate) fn settings(base_url: &str) -> Settings {
    let text = impatient(&config_yaml(base_url));
    config::parse("dialplane.yaml", &text, std::iter::empty()).unwrap()
}

/// Settings of a sandbox that wait for a moment only before a read is repeated. All lines of the
/// account stay where they are.
pub(crate) fn impatient(config: &str) -> String {
    let pause = "  retryPause: 2ms\n";
    assert_eq!(config.matches("\ngraph:\n").count(), 1, "{config}");
    config.replace("\ngraph:\n", &format!("\n{pause}graph:\n{pause}"))
}

/// A plan as people read it, without colours, times and ports.
pub(crate) fn text(plan: &Plan) -> String {
    plain(&render::text(plan))
}

/// The steps that may run, as `(verb, user)`.
pub(crate) fn runnable(plan: &Plan) -> Vec<(String, String)> {
    let steps =
        plan.tenants.iter().flat_map(|tenant| tenant.steps.iter().map(move |step| (tenant, step)));
    steps
        .filter(|(tenant, step)| tenant.may_run(step))
        .map(|(_, step)| (step.action.verb().to_string(), step.user.to_string()))
        .collect()
}

/// The plan of one tenant.
pub(crate) fn of<'p>(plan: &'p Plan, tenant: &str) -> &'p TenantPlan {
    plan.tenants.iter().find(|plan| plan.tenant.as_str() == tenant).unwrap()
}

// ---- manifests

/// Tenants with the inside of their `spec`, and their users a line: a name, `enabled` or
/// `disabled`, then a number or `none`, and fields as `key=value`. Mode `enforce`, prune `never`,
/// adopt `all`, numbers released with `clear` and gateway 805 where nothing else is said.
pub(crate) fn fleet(tenants: &[(&str, &str, &[&str])]) -> String {
    let mut out = String::new();
    for (index, (name, spec, users)) in tenants.iter().enumerate() {
        let mut spec: Vec<String> =
            if spec.is_empty() { Vec::new() } else { vec![(*spec).to_owned()] };
        let defaults = [
            ("mode", "enforce"),
            ("prune", "never"),
            ("adopt", "all"),
            ("numbers", "{ release: clear }"),
            ("defaults", "{ sbcGatewayId: 805 }"),
        ];
        for (key, value) in defaults {
            if !spec.iter().any(|part| part.contains(&format!("{key}:"))) {
                spec.push(format!("{key}: {value}"));
            }
        }
        let _ = write!(
            out,
            "apiVersion: dialplane/v1\nkind: Tenant\nmetadata: {{ name: {name} }}\nspec: \
                {{ tenantId: {}, {} }}\n---\n",
            tenant_id(index),
            spec.join(", ")
        );
        let _ = write!(
            out,
            "apiVersion: dialplane/v1\nkind: UserSet\nmetadata: \
                {{ name: {name}-all, tenant: {name} }}\nspec:\n  users:\n"
        );
        if users.is_empty() {
            out.truncate(out.len() - 1);
            out.push_str(" []\n");
        }
        for line in *users {
            out.push_str(&user_line(name, line));
        }
        out.push_str("---\n");
    }
    out
}

pub(crate) fn tenant_id(index: usize) -> String {
    format!("87d349ed-44d7-43e1-9a83-{:012}", index + 1)
}

fn user_line(tenant: &str, line: &str) -> String {
    let mut words = line.split_whitespace();
    let user = words.next().unwrap();
    let user = if user.contains('@') { user.to_owned() } else { format!("{user}@{tenant}.com") };
    let mut keys = vec![
        format!("userPrincipalName: \"{user}\""),
        format!("calling: {}", words.next().unwrap()),
    ];
    for word in words {
        keys.push(match word.split_once('=') {
            Some((key, value)) if !word.starts_with('+') => format!("{key}: {value}"),
            _ if word == "none" => "phoneNumber: none".to_owned(),
            _ => format!("phoneNumber: \"{word}\""),
        });
    }
    format!("    - {{ {} }}\n", keys.join(", "))
}

/// One tenant called contoso.
pub(crate) fn contoso(spec: &str, users: &[&str]) -> String {
    fleet(&[("contoso", spec, users)])
}

// ---- worlds

/// The id of a tenant of these tests by its name: the first ones have names, the others numbers
/// (`t3`).
pub(crate) fn id(name: &str) -> TenantId {
    let index = match name {
        "contoso" => 0,
        "fabrikam" => 1,
        other => other.trim_start_matches('t').parse().unwrap(),
    };
    TenantId::parse(&tenant_id(index)).unwrap()
}

pub(crate) fn name(text: &str) -> TenantName {
    TenantName::parse(text).unwrap()
}

pub(crate) fn upn(text: &str) -> Upn {
    Upn::parse(text).unwrap()
}
