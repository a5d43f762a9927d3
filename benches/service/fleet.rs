//! 300 customers of whom four do not work: one has broken manifests, one gives no consent, one is
//! throttled and one never answers. The other 296 have to be done in the time that they need alone.

use std::{fs, io, time::Duration};

use dialplane::{
    model::{Calling, TenantName},
    sandbox::{FaultRule, InjectedFault, Route},
};

use crate::stage::{Stage, row, save};

const TENANTS: usize = 300;
const BAD: usize = 4;
const SETTINGS: &str = "run: { resync: 24h }\n";

/// With and without the four.
pub(crate) async fn fleet() -> io::Result<()> {
    let good = TENANTS - BAD;
    let mut alone = Vec::new();
    let mut beside = Vec::new();
    for _ in 0..3 {
        let stage = drifted(good).await?;
        let service = stage.start()?;
        alone.push(stage.until_done(good).await?);
        drop(service);
        let stage = drifted(TENANTS).await?;
        ail(&stage)?;
        let service = stage.start()?;
        beside.push(stage.until_done(good).await?);
        drop(service);
    }
    let seconds = |mut times: Vec<Duration>| {
        times.sort();
        format!("{:.1} s", times.get(1).copied().unwrap_or_default().as_secs_f64())
    };
    row("296 tenants with a change each, from the start to the end", &seconds(alone));
    row("the same beside four that do not work", &seconds(beside));
    Ok(())
}

/// So many tenants of 100 users, in each of whom one has lost calling.
async fn drifted(tenants: usize) -> io::Result<Stage> {
    let stage = Stage::set(tenants * 100, tenants, SETTINGS).await?;
    stage.sandbox.faults(|faults| faults.latency.fixed_ms = 20);
    stage.sandbox.world(|world| {
        for tenant in world.tenants.values_mut() {
            let mut users = tenant.users.iter_mut();
            if let Some((_, user)) = users.find(|(upn, _)| upn.as_str().starts_with("user0@")) {
                user.calling = Calling::Disabled;
            }
        }
    });
    Ok(stage)
}

/// The last four do not work.
fn ail(stage: &Stage) -> io::Result<()> {
    let broken = stage.file(TENANTS - 1);
    let text = fs::read_to_string(&broken)?.replacen("mode: enforce", "mode: enfroce", 1);
    save(&broken, &text)?;
    let id = |number: usize| Some(format!("00000000-0000-4000-8000-{number:012}"));
    stage.sandbox.world(|world| {
        let name = TenantName::parse(&format!("tenant{:03}", TENANTS - 2)).ok();
        if let Some(tenant) = name.and_then(|name| world.tenant_mut(&name)) {
            tenant.consent_flag = false;
        }
    });
    let throttled = FaultRule {
        tenant: id(TENANTS - 3),
        retry_after_seconds: Some(5),
        ..FaultRule::new(InjectedFault::Throttled)
    };
    let hangs = FaultRule {
        tenant: id(TENANTS - 4),
        delay_ms: 3_600_000,
        ..FaultRule::new(InjectedFault::Late).on(Route::ListUsers)
    };
    stage.sandbox.faults(|faults| faults.rules = vec![throttled, hangs]);
    Ok(())
}
