//! What each kind of hold means.

use super::CodeText;
use crate::plan::HoldKind;

/// Its text.
#[expect(clippy::too_many_lines, reason = "a table with one row for each kind")]
pub(super) const fn text(kind: HoldKind) -> CodeText {
    match kind {
        HoldKind::Mode => CodeText {
            means: "the tenant's mode lets nothing be written",
            arises: "`spec.mode` of the tenant is `report` (differences are only shown) or \
                `suspend` (the tenant is left alone, and not even read).",
            remedy: "Nothing, if that is meant. Set `mode: enforce` to let the plan run.",
            example: "mode is `report`: differences are only shown",
        },
        HoldKind::Manifests => CodeText {
            means: "the tenant's manifests have errors",
            arises: "A file that concerns this tenant does not pass `dialplane validate`, and no \
                earlier good version of it is known. Nothing is planned from manifests that may \
                say something else than was meant.",
            remedy: "Run `dialplane validate` and correct what it shows. Other tenants go on \
                meanwhile.",
            example: "its manifests have errors: contoso.yaml:12:5: `mode` is missing",
        },
        HoldKind::Incomplete => CodeText {
            means: "part of the manifests cannot be read, so no user loses calling",
            arises: "A file is unreadable, empty or broken in a place that may name this user, or \
                an earlier version of the manifests is in force. A user that seems to be missing \
                may be named there.",
            remedy: "Correct the file that the reason names. Everything but disabling goes on.",
            example: "an older version of the manifests is in force: users.yaml has errors",
        },
        HoldKind::BroughtBack => CodeText {
            means: "the journal may be older than what was done, so `prune` disables nobody",
            arises: "The state folder was copied from elsewhere or brought back from a backup: the \
                journal is not the file that was written there, or an older one lies over it. It \
                may not know who was missing since, what was accepted, or who is no longer \
                managed. What manifests say goes on.",
            remedy: "End every service. If the folder was moved and nothing has written to the old \
                one since, run `dialplane journal accept --newest`: nothing is forgotten. Otherwise \
                run `dialplane journal accept`: each tenant then owes a sync, and users that no \
                manifest names keep calling. To disable one user at once, name it with `calling: \
                disabled`.",
            example: "the journal was copied to where it is, or brought back, and may not know what \
                was done since",
        },
        HoldKind::Absent => CodeText {
            means: "a line has not been missing for long enough",
            arises: "No manifest names the user any more, and the tenant is pruned; or `windows`, \
                `limits` or names under `protect` of the tenant are missing that were there, or its \
                `timeZone`, by which dates of the user were meant, or a user's `site`, a `from` \
                that is ahead or an `until` that is over. An editor or a checkout may take a line \
                away for a moment, so that counts only after somebody looked for `run.absence` and \
                looked again, or once a clean newer commit removes it. Time in which the machine \
                slept does not count.",
            remedy: "No action needed: it runs then. To let it run at once, name the user with \
                `calling: disabled`, or commit the removal.",
            example: "a line that is missing counts from 2026-07-01 12:05:00 UTC on",
        },
        HoldKind::Clock => CodeText {
            means: "a date has come by the clock of this machine, and not by the service's",
            arises: "A user's `until` has come by this machine's clock. The answers of the service \
                carry another time, more than five minutes apart, by which it has not. A machine \
                whose clock is ahead would take calling from people before their time.",
            remedy: "Set the clock of this machine right (NTP); `dialplane doctor` compares it with \
                the service's. The next look then decides.",
            example: "it is 2026-07-03 08:00:00 UTC by the clock of this machine, and 2026-07-01 \
                08:00:00 UTC by the service's, 2 days apart: `until` has come by one of them",
        },
        HoldKind::NotRead => CodeText {
            means: "live state of the tenant could not be read",
            arises: "The service did not answer, refused the call, or answered with something that \
                is not understood; or the tenant was not read yet. Without live state nothing \
                about the tenant is known.",
            remedy: "Follow the hint below it, run `dialplane doctor`, and run again. Nothing of \
                the tenant was changed.",
            example: "list the users of contoso: no connection to api.example.com",
        },
        HoldKind::Coverage => CodeText {
            means: "the user list may be incomplete",
            arises: "Pages of the list overlap, its total differs from what arrived, it is empty, \
                or it is much shorter than before (`limits.shrink`). A user that is not in such a \
                list is not gone, and a number that nobody there holds is not free.",
            remedy: "Look again later. If it stays, check what the account may see and how users \
                are listed (`connectToTeams.endpoints.listUsers`).",
            example: "the user list may be incomplete: 80 of 100 users arrived",
        },
        HoldKind::Consent => CodeText {
            means: "it is not known that the customer allows the provider to manage its users",
            arises: "The service shows no consent for the tenant, its two signs disagree, or the \
                token that acts for the tenant cannot be used. Writes would be refused. A list of \
                the portal (`--live`) does not show consent at all.",
            remedy: "Ask the customer's admin to open the customer portal and turn on \"Allow \
                Management by Service Provider\"; `dialplane doctor --consent-link TENANT` prints a \
                link to send, where `endpoints.consentLink` is set. For a token, put a new one where `enterprises` \
                says.",
            example: "the customer has not allowed the provider to manage its users",
        },
        HoldKind::Reseller => CodeText {
            means: "it is not certain which reseller the customer belongs to",
            arises: "Each write names the reseller. The service shows none for this customer, or \
                shows another one than the settings name.",
            remedy: "Correct the settings, or ask the vendor and set `resellerOf` of the account.",
            example: "the service says reseller 8, and the settings say 7",
        },
        HoldKind::Limit => CodeText {
            means: "more people would lose calling than the tenant's limit allows",
            arises: "One run would disable more people than `limits.disable` allows, as a share of \
                the people with calling and as a number. None of the disables runs, because \
                nothing tells which of them are the mistake. Everything else goes on.",
            remedy: "If it is meant, approve this plan (`dialplane plan --approve`), or split the \
                change over several runs. A raised limit stays raised.",
            example: "40 of 100 people would lose calling; the limit is 10 (10 %, at most 50)",
        },
        HoldKind::NumberLimit => CodeText {
            means: "more numbers would be replaced than the tenant's limit allows",
            arises: "One run would replace or release more present numbers than `limits.numbers` \
                allows. People keep calling, and nobody reaches them under their number any more.",
            remedy: "If it is meant, approve this plan (`dialplane plan --approve`), or split the \
                change over several runs.",
            example: "30 of 100 people would lose their present number; the limit is 10",
        },
        HoldKind::ChangeLimit => CodeText {
            means: "more people would be changed than the tenant's limit allows",
            arises: "One run would change more people with calling than `limits.changes` allows: a \
                default that was edited by mistake touches everybody. Who has no calling yet is \
                not counted.",
            remedy: "If it is meant, approve this plan (`dialplane plan --approve`), or split the \
                change over several runs.",
            example: "90 of 100 people would be changed; the limit is 50 (50 %, at most 500)",
        },
        HoldKind::HourLimit => CodeText {
            means: "more would be sent for all tenants in an hour than the settings allow",
            arises: "What was sent within the last hour and what all plans would send now exceed \
                `execution.perHour`. A mistake in what many tenants share shows only in the sum.",
            remedy: "Wait: an hour later more may be sent. If it is meant now, approve this plan \
                (`dialplane plan --approve`).",
            example: "over all tenants 250 people would lose calling now; the limit is 200 an hour",
        },
        HoldKind::EmptyDesired => CodeText {
            means: "the manifests name far fewer users than were managed before",
            arises: "The manifests name no user of the tenant, or less than half of those that \
                were managed. Then files are missing rather than people.",
            remedy: "Bring the users back, or write `calling: disabled` for each who is to lose \
                calling. If it is meant, approve this plan.",
            example: "the manifests name 1 user of this tenant, and 40 were managed",
        },
        HoldKind::Protected => CodeText {
            means: "the user, the number or the site is protected",
            arises: "`spec.protect` of the tenant names it: an emergency line, a reception desk. \
                It also holds where a live number is not understood and may be a protected one.",
            remedy: "Take it out of `protect` if it is really meant, or approve this plan.",
            example: "the user holds +14255550100, which is protected",
        },
        HoldKind::ReasonMissing => CodeText {
            means: "no reason is given for disabling a protected user",
            arises: "A manifest says `calling: disabled` for a protected user, without `reason`.",
            remedy: "Write `reason:` beside `calling: disabled`.",
            example: "no `reason` is given for disabling a protected user",
        },
        HoldKind::LastOfSite => CodeText {
            means: "it is the last working phone of its site",
            arises: "The plan would disable everybody at a site who can call. Then nobody there \
                could call for help. The others are disabled; the last one is held.",
            remedy: "Enable another phone at the site first, take `site` from the user, or approve \
                this plan.",
            example: "it is the last phone that works at site harbour",
        },
        HoldKind::Quarantined => CodeText {
            means: "the user was not visible for a while, and no manifest names it since",
            arises: "A managed user vanished from the list, its line was removed from the \
                manifests, and the user is visible again. Missing is not gone, so pruning leaves \
                it. After `journal accept` it is not known who was missing, and this counts for \
                everybody whom no manifest names by then.",
            remedy: "Name the user in a manifest: with `calling: disabled` to disable it, or as it \
                should be.",
            example: "it was not visible for a while, or the journal was brought back and cannot \
                tell, and no manifest names it since",
        },
        HoldKind::Renamed => CodeText {
            means: "the user may be a managed one under a new name",
            arises: "No manifest names this user, and its identity or its number is that of a \
                managed user that is not visible any more, or its name only looks like that of \
                one who is named and not visible.",
            remedy: "Correct the user's name in its manifest.",
            example: "this is adele@contoso.com under a new name",
        },
        HoldKind::NumberTaken => CodeText {
            means: "somebody else holds the number",
            arises: "Live state shows the number at another user, here or in another tenant, and \
                nothing in this plan takes it from there first. The service would refuse it, or \
                worse, move it.",
            remedy: "The hint says how this holder gives it up: another number, `phoneNumber: \
                none`, or the portal. It is taken once the service shows it free.",
            example: "+14255550101 is held by bert@contoso.com (enabled)",
        },
        HoldKind::NumberCycle => CodeText {
            means: "the numbers form a cycle, and there is no place to park one",
            arises: "Each user of a group wants the number of the next. One of them has to give \
                its number up first, and the tenant has no number for the time between.",
            remedy: "Name a number that nobody uses in `numbers.parking` of the tenant, or free \
                one of the numbers first.",
            example: "these numbers form a cycle: adele@contoso.com, bert@contoso.com",
        },
        HoldKind::NumberRelease => CodeText {
            means: "a number is to be given up, and the tenant leaves that to people",
            arises: "How the service frees a number is not published. `numbers.release` is \
                `manual`, or it is `park` and there is no parking number left.",
            remedy: "Take the number from the user in the portal, or set `numbers.release` to \
                `clear` or `park`; for `park`, name enough numbers in `numbers.parking`.",
            example: "this tenant leaves it to people (`numbers.release: manual`)",
        },
        HoldKind::NumberUnproven => CodeText {
            means: "it is not proven that the number is free",
            arises: "A tenant could not be read, is suspended, has broken manifests or an \
                incomplete list; or a live number is not understood and may be this one. The row of \
                a user that has no such key, in a list that says of others that they have no \
                number, counts as that too.",
            remedy: "The number is taken once every tenant could be read and every number is \
                understood. The reason names what is missing. If the service leaves out what is \
                not set, say so with `listUsers.omitsUnset: true`.",
            example: "it is not proven that +14255550101 is free: tenant fabrikam is suspended",
        },
        HoldKind::Unread => CodeText {
            means: "a present value that the step could replace is not understood",
            arises: "The service shows something in place of the user's number or of another field \
                that is not a value of it. An update carries such a field or leaves it out; both \
                could destroy what is there.",
            remedy: "Correct the value where it is kept. A number is `+`, country code and number.",
            example: "the user's number is not understood (\"ext. 12\"), and an update could \
                replace it",
        },
        HoldKind::Unmatched => CodeText {
            means: "the step only changes a field that no row of the tenant shows",
            arises: "The settings name a place or a column for the field, and no user has anything \
                there. So the update would replace something that is not visible.",
            remedy: "Correct the pointer or the column; if the service leaves out what is not set, \
                say so with `listUsers.omitsUnset: true`.",
            example: "no user of the tenant has anything at `/tag`, where `fields.userTag` looks",
        },
        HoldKind::AfterHeld => CodeText {
            means: "a step that must come before is held",
            arises: "The user is enabled only after its details are right, and a number is taken \
                only after its holder gave it up. That step is held.",
            remedy: "Look at the step that it waits for; nothing is to be done here.",
            example: "it comes after the update of adele@contoso.com, which is held",
        },
        HoldKind::Window => CodeText {
            means: "the change window is not open",
            arises: "`spec.windows` of the tenant says when people's phones may be changed, and \
                that is not now; or the step would interrupt people for longer than the rest of \
                the window.",
            remedy: "No action needed: it runs when the window opens. The service waits for it; \
                without the service, run `dialplane apply` then.",
            example: "the window opens at 2026-07-01 20:00 Europe/Berlin",
        },
        HoldKind::Stopped => CodeText {
            means: "everything is stopped",
            arises: "Somebody used `dialplane stop`, or put the stop file where the settings say. \
                It is also held while it cannot be told whether the stop file is there, or whether \
                all machines that share a database are stopped.",
            remedy: "Run `dialplane resume`, or take the file away, once it is safe to go on.",
            example: "stopped by ops@pbx1 on 2026-07-01: wrong file merged",
        },
        HoldKind::Suspended => CodeText {
            means: "somebody has suspended the tenant",
            arises: "Somebody used `dialplane suspend TENANT`. The tenant is looked at and planned \
                as ever, and nothing is written, by the service as well as by hand. The journal \
                keeps it, so a restart does not end it. It is not `mode: suspend` of the \
                manifests.",
            remedy: "Run `dialplane resume TENANT` once it is safe to go on. With `--until` it ends \
                at that time.",
            example: "the tenant is suspended since 2026-07-04 08:15:30 UTC by ada@desk: the \
                vendor is moving",
        },
        HoldKind::Flap => CodeText {
            means: "somebody else changes the value back again and again",
            arises: "What was sent became visible and was changed back, `execution.flapLimit` times \
                within `execution.flapWindow`. Sending it once more would only interrupt people.",
            remedy: "Find out who: another admin, the portal, the Teams admin center, another \
                tool. It is sent again when the manifests want another value, or when the time is \
                over.",
            example: "somebody else has changed calling back 3 times",
        },
        HoldKind::NoEffect => CodeText {
            means: "the step was sent again and again without effect",
            arises: "The same was accepted three times, with a sync each time, and live state \
                never showed it. The problem `no-effect` of the user says what was sent and what \
                is seen.",
            remedy: "Look at the problem of the user. Once the cause is removed, approve this plan \
                (`dialplane plan --approve`): then it is sent once more. Another value in the \
                manifests is sent at once.",
            example: "this was sent 3 times and accepted, and nothing came of it",
        },
        HoldKind::SyncUnclear => CodeText {
            means: "the answers to the last syncs said neither yes nor no",
            arises: "Three syncs in a row were answered with something that is not understood. \
                They may be running, and each may interrupt people.",
            remedy: "Find out in the portal or from the vendor whether they were carried out. If \
                such an answer means yes, set `accept: status` in \
                `connectToTeams.endpoints.sync`.",
            example: "the answers to the last 3 syncs said neither yes nor no",
        },
    }
}
