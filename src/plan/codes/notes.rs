//! What each kind of note means.

use super::CodeText;
use crate::plan::NoteCode;

/// Its text.
#[expect(clippy::too_many_lines, reason = "a table with one row for each kind")]
pub(super) const fn text(code: NoteCode) -> CodeText {
    match code {
        NoteCode::Unmanaged => CodeText {
            means: "users with calling that no manifest names are left alone",
            arises: "The tenant has `prune: never`.",
            remedy: "Nothing, or name them. `dialplane import --check` lists them all.",
            example: "2 users with calling that no manifest names, left alone (prune: never)",
        },
        NoteCode::ProtectsNobody => CodeText {
            means: "`protect` has names that no user has",
            arises: "Neither the manifests nor the list know the name: it is perhaps misspelt, and \
                then the user that was meant is not protected.",
            remedy: "Check the spelling in `spec.protect.users`.",
            example: "`protect` names users that are neither managed nor visible: adel@contoso.com",
        },
        NoteCode::NotAdopted => CodeText {
            means: "users that no manifest ever named are left alone, although the tenant prunes",
            arises: "The tenant has `prune: disable` and `adopt: named`: only users that a \
                manifest has named before are disabled when no manifest names them any more.",
            remedy: "Name them with `calling: disabled` to disable them, or set `adopt: all`.",
            example: "1 user with calling that no manifest has named since the journal began",
        },
        NoteCode::Unforeseen => CodeText {
            means: "it cannot be foreseen here whether a run would disable these users",
            arises: "The tenant prunes, and the journal of this machine has never seen it. The \
                journal of the machine that applies knows whether a manifest has named them.",
            remedy: "Plan where the journal is, or name the users.",
            example: "a run with the right journal may disable them (prune: disable)",
        },
        NoteCode::Renamed => CodeText {
            means: "a managed user has another name since, in the manifests too",
            arises: "The identity is the same and the name is new; the manifests follow already.",
            remedy: "Nothing.",
            example: "adele@contoso.com is called adele.vance@contoso.com now",
        },
        NoteCode::DetailsWait => CodeText {
            means: "declared details of disabled users wait until calling is enabled",
            arises: "Details of a user without calling are not sent.",
            remedy: "Nothing.",
            example: "2 disabled users with details that wait until calling is enabled",
        },
        NoteCode::Early => CodeText {
            means: "users have calling before their `from`",
            arises: "The manifests say `from` of users, that time is ahead, and they have calling \
                already. Before `from` nothing is done for a user: nobody is disabled because of what \
                is to be later.",
            remedy: "Nothing, if that is right. Leave `from` out if what is written is to count now.",
            example: "1 user with calling before `from`, left as is until then: adele@contoso.com",
        },
        NoteCode::Ahead => CodeText {
            means: "dates of users are still ahead",
            arises: "The manifests say `from` or `until` of users. Before `from` nothing is done for \
                a user; from `until` on calling is off.",
            remedy: "Nothing. `dialplane plan --at TIME` shows what is done then.",
            example: "2 users with dates ahead; next, on 2026-12-01 07:00:00 UTC: adele@contoso.com \
                begins",
        },
        NoteCode::Settling => CodeText {
            means: "changes were sent and are not visible yet",
            arises: "The service's list lags behind its writes. Until the time that is named this \
                is normal, and nothing is sent again.",
            remedy: "Nothing. What is not visible by then is sent again and told.",
            example: "2 users with changes pending, expected to be visible by 12:30:00 UTC",
        },
        NoteCode::Suspect => CodeText {
            means: "the user list may be incomplete, which holds nothing now",
            arises: "Something about the list does not add up, and no step depends on who is \
                absent from it.",
            remedy: "Look at it if it stays: see `dialplane explain list-incomplete`.",
            example: "the user list may be incomplete: page 3 repeats page 2",
        },
        NoteCode::UnreadNumbers => CodeText {
            means: "live numbers are not understood, and each may be any number",
            arises: "The list shows something in place of a number. Until it is understood, no \
                number is proven to be free.",
            remedy: "Correct them where they are kept: `+`, country code and number.",
            example: "1 number is not understood, and may be any: bert@contoso.com \"ext. 12\"",
        },
        NoteCode::NumberList => CodeText {
            means: "the list of numbers that Teams keeps is not read",
            arises: "The tenant is read from Microsoft Graph or confirmed there, and the \
                application may not read `numberAssignments`, or it failed. Then a number of an \
                account that the list of users does not show has no holder that is seen.",
            remedy: "Give the application TeamsTelephoneNumber.Read.All, and let an admin of the \
                customer agree once more; `dialplane doctor` names the address. Without it \
                everything works as before.",
            example: "the numbers that Teams keeps are not read, so their holders are known from \
                the list of users alone: the application may not read it (HTTP 403)",
        },
        NoteCode::Unmatched => CodeText {
            means: "the settings name a place that no row has",
            arises: "A pointer or a column of the settings finds nothing in the tenant's list: it \
                is misspelt, or the service leaves out what is not set.",
            remedy: "Correct it; for the latter set `listUsers.omitsUnset: true`.",
            example: "no user of the tenant has anything at `/tag`, where `fields.userTag` looks",
        },
        NoteCode::Nameless => CodeText {
            means: "rows of the list without a user name are passed over",
            arises: "They have calling off and no number, so nothing depends on them.",
            remedy: "Nothing.",
            example: "3 entries without a user name, with calling off and without a number",
        },
        NoteCode::NotOurTenant => CodeText {
            means: "the account's list of tenants does not have this one",
            arises: "`spec.tenantId` or `spec.account` is wrong, or the customer is another \
                reseller's.",
            remedy: "Check `spec.tenantId` and `spec.account`.",
            example: "the service does not list this tenant among those of reseller 7",
        },
        NoteCode::GatewayNotAvailable => CodeText {
            means: "a gateway that manifests name is not available to the account",
            arises: "The account's list of gateways does not have the number.",
            remedy: "Correct `sbcGatewayId`, or ask the vendor for the gateway.",
            example: "gateway 9 is not available to this reseller, and 2 users are to use it",
        },
        NoteCode::NotConfirmed => CodeText {
            means: "Teams could not be asked whether it shows the same",
            arises: "The tenant has `confirm: graph`, and the list of Teams users could not be \
                read, or may be incomplete.",
            remedy: "See the reason; `dialplane doctor` checks the Graph login. Phones do not \
                depend on it.",
            example: "not confirmed in Teams: no connection to graph.microsoft.com",
        },
        NoteCode::NotConfirmedYet => CodeText {
            means: "Teams does not show yet what the service shows",
            arises: "What was sent or synced lately may take hours to arrive in Teams.",
            remedy: "Nothing. What differs after that time becomes a problem of its user.",
            example: "2 users not confirmed in Teams yet",
        },
        NoteCode::Kept => CodeText {
            means: "the last good version of the tenant's manifests stays in force",
            arises: "The present version has errors, or a file is empty or missing.",
            remedy: "Run `dialplane validate` and correct what it shows.",
            example: "the last good version of its manifests stays in force: users.yaml is empty",
        },
        NoteCode::ApprovalUsed => CodeText {
            means: "the approval was used and opens nothing more",
            arises: "A run carried out the plan that it was made for. An approval opens once.",
            remedy: "Remove it from the manifests.",
            example: "approval go-live (approvals.yaml) was used by run 1a2b",
        },
        NoteCode::ApprovalExpired => CodeText {
            means: "the approval has expired",
            arises: "Its `expires` is over.",
            remedy: "Remove it; if the plan is still meant, make a new one with `dialplane plan \
                --approve`.",
            example: "approval go-live (approvals.yaml) expired on 2026-07-01 00:00:00 UTC",
        },
        NoteCode::ApprovalOutdated => CodeText {
            means: "the approval was made for another plan",
            arises: "Manifests or live state have moved since, so the plan is another one than \
                people have looked at.",
            remedy: "Look at the plan again, and make a new one with `dialplane plan --approve`.",
            example: "it was made for plan 0123456789ab, and this is plan ba9876543210",
        },
        NoteCode::ApprovalTooSmall => CodeText {
            means: "the approval covers fewer users than the plan holds",
            arises: "`max` of the approval is less than the number of users held at its gates.",
            remedy: "Look at the plan again, and make a new one with `dialplane plan --approve`.",
            example: "covers 10 at most, and the plan holds 12 users: it opens nothing",
        },
        NoteCode::ApprovalIdle => CodeText {
            means: "the approval opens nothing, because nothing is held at its gates",
            arises: "None of the users that it covers is held by one of its gates now.",
            remedy: "Nothing, or remove it.",
            example: "opens nothing: none of the users that it covers is held at its gates",
        },
        NoteCode::ApprovalOpens => CodeText {
            means: "the approval lets part of this plan run, once",
            arises: "It was made for exactly this plan, is neither used nor expired, and names \
                gates and users.",
            remedy: "Nothing.",
            example: "approval go-live (approvals.yaml) opens limit for 12 users, once",
        },
        NoteCode::NotLasting => CodeText {
            means: "git still wants what is undone, so the undo does not last",
            arises: "`dialplane undo` changes live state and not the manifests.",
            remedy: "Commit what `dialplane undo PASS --patch` prints, or revert the commit that asks \
                for it.",
            example: "git still wants what pass 1f0c5e7a93 did for 2 users",
        },
        NoteCode::Interruption => CodeText {
            means: "how long people are expected to be without calls",
            arises: "An update or a switch interrupts a user's calls for a while; the estimate \
                comes from `execution.interruption`.",
            remedy: "Nothing; `spec.windows` keeps changes to quiet hours.",
            example: "about 20 min of interruption in total, 2 users affected",
        },
    }
}
