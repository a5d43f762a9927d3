//! The service's list of users in each of its wrappings, and what is odd about lists that are not
//! as they should be.

use std::fmt::Write as _;

use dialplane::{
    model::{Coverage, Fault, Field, LiveSource, LiveTenant, Value},
    ports::LiveReader as _,
    sandbox::{Envelope, InjectedFault, RecordedCall, Route, Sandbox, World},
};

use super::{contoso, readers};
use crate::snapshot::snapshot;
use crate::{filters::plain, support::on};

pub(super) const ENVELOPES: [Envelope; 3] = [Envelope::Datatables, Envelope::Page, Envelope::Bare];

/// Twelve users and the platform's own two.
pub(super) async fn sandbox(envelope: Envelope) -> Sandbox {
    let users: Vec<String> =
        (0..12).map(|n| format!("user{n:02} enabled +142555501{n:02}")).collect();
    let users: Vec<&str> = users.iter().map(String::as_str).collect();
    let text = crate::support::contoso("", &users);
    let loaded =
        dialplane::manifest::load(&[dialplane::manifest::ManifestFile::new("fleet.yaml", &text)]);
    let mut world = World { envelope, ..World::from_desired(&loaded.desired, 1) };
    world.tenants.values_mut().for_each(|tenant| tenant.plain_numbers = false);
    Sandbox::start(world, "127.0.0.1:0".parse().unwrap()).await.unwrap()
}

async fn observe(
    sandbox: &Sandbox,
    envelope: Envelope,
    page_size: u32,
) -> Result<LiveTenant, Fault> {
    readers(sandbox, envelope, page_size).observe(&contoso(LiveSource::ConnecttoTeams)).await
}

#[tokio::test]
async fn every_wrapping_shows_the_same() {
    let mut seen = Vec::new();
    for envelope in ENVELOPES {
        for page_size in [1, 5, 7, 14, 200] {
            let sandbox = sandbox(envelope).await;
            let live = observe(&sandbox, envelope, page_size).await.unwrap();
            assert_eq!(
                (live.users.len(), &live.coverage),
                (14, &Coverage::Complete),
                "{envelope:?} {page_size}"
            );
            let user = live.users.get(&crate::support::upn("user03@contoso.com")).unwrap();
            assert!(user.id.is_some());
            assert_eq!(
                user.known().get(Field::PhoneNumber),
                Some(&crate::support::number("+14255550103"))
            );
            assert!(matches!(user.known().get(Field::SbcGatewayId), Some(Value::Gateway(_))));
            seen.push(live);
        }
    }
    assert!(seen.windows(2).all(|pair| pair[0] == pair[1]));
}

#[tokio::test]
async fn odd_lists_are_doubted_in_words() {
    let mut said = String::new();
    let failures = [
        InjectedFault::EmptyList,
        InjectedFault::ShortList,
        InjectedFault::DuplicateUser,
        InjectedFault::OtherTenant,
        InjectedFault::RepeatedPage,
        InjectedFault::Redirect,
    ];
    for envelope in ENVELOPES {
        for failure in failures {
            // A bare array counts nothing and has one page: these two cannot be told from a whole
            // list.
            if envelope == Envelope::Bare
                && matches!(failure, InjectedFault::ShortList | InjectedFault::RepeatedPage)
            {
                continue;
            }
            let sandbox = sandbox(envelope).await;
            sandbox.faults(|faults| faults.rules.push(on(failure, Route::ListUsers)));
            let told = match observe(&sandbox, envelope, 5).await {
                Ok(LiveTenant { coverage: Coverage::Suspect(what), users, .. }) => {
                    format!("{} users; {what}", users.len())
                }
                Ok(live) => panic!("{envelope:?} {failure:?}: {:?}", live.coverage),
                Err(fault) => format!("{fault}\n    {}", fault.hint.clone().unwrap_or_default()),
            };
            let _ = writeln!(said, "{envelope:?} {failure:?}: {}", plain(&told));
        }
    }
    snapshot!(said);
}

#[tokio::test]
async fn a_token_that_ends_on_the_way_costs_one_page() {
    for envelope in [Envelope::Datatables, Envelope::Page] {
        let sandbox = sandbox(envelope).await;
        let readers = readers(&sandbox, envelope, 5);
        let lists = |calls: Vec<RecordedCall>| {
            calls.into_iter().filter(|call| call.path == "/sandbox/listUsers").count()
        };
        // Each page finds its token gone.
        for _ in 0..3 {
            sandbox.faults(|faults| {
                faults.rules = vec![on(InjectedFault::Unauthorized, Route::ListUsers).times(1)];
            });
            let before = lists(sandbox.calls());
            let live = readers.observe(&contoso(LiveSource::ConnecttoTeams)).await.unwrap();
            assert_eq!((live.users.len(), live.coverage), (14, Coverage::Complete));
            assert_eq!(lists(sandbox.calls()) - before, 4, "three pages, and one of them twice");
        }
    }
}
