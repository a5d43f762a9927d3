//! What each kind of problem means.

use super::CodeText;
use crate::plan::ProblemCode;

/// Its text.
#[expect(clippy::too_many_lines, reason = "a table with one row for each kind")]
pub(super) const fn text(code: ProblemCode) -> CodeText {
    match code {
        ProblemCode::Renamed => CodeText {
            means: "the user has another name now",
            arises: "The identity of a managed user appears in the list under another name than \
                the manifests use.",
            remedy: "Write the new `userPrincipalName` in the manifest.",
            example: "this user is called adele.vance@contoso.com now",
        },
        ProblemCode::NotVisible => CodeText {
            means: "the service does not show the user",
            arises: "A complete list came, and a user that a manifest names is not in it: a \
                misspelt name, no licence, not in a group that is synced, or too new.",
            remedy: "Check that the user exists, is licensed and is in a group that the customer \
                syncs. New users can take hours to appear. Nothing is sent for it meanwhile.",
            example: "the service does not show this user",
        },
        ProblemCode::NotListed => CodeText {
            means: "the user is not in a list that may be incomplete",
            arises: "A manifest names the user, the list does not show it, and something is wrong \
                with the list. So it cannot be told whether the user is there.",
            remedy: "Look again later. Nothing is sent for it until a complete list arrives.",
            example: "this user is not in the user list, which may be incomplete: it is empty",
        },
        ProblemCode::CallingUnclear => CodeText {
            means: "the service shows neither enabled nor disabled",
            arises: "The value at `listUsers.calling` is not one of those that the settings name \
                as on or off: a passing state, or a word that was not known.",
            remedy: "Wait if it is a passing state; else name the value in `listUsers.calling`.",
            example: "the service says \"Pending\" of this user's calling",
        },
        ProblemCode::GatewayMissing => CodeText {
            means: "an update must name the user's gateway, and none is known",
            arises: "The service asks for `sbcGatewayId` in every update. Neither the manifests \
                nor the list name one for this user.",
            remedy: "Declare `sbcGatewayId` for the user, its set or its tenant.",
            example: "every update must name the user's gateway",
        },
        ProblemCode::OtherService => CodeText {
            means: "the service shows the user with another service than the manifests want",
            arises: "The manifests say `service: callApp` of somebody with calling in Teams, or do \
                not say it of somebody with the Call App. No call is known that moves somebody from \
                one to the other, so nothing is sent.",
            remedy: "Correct `service` in the manifests, or set the user up with the other service in \
                the portal: the next pass goes on from there.",
            example: "the service shows this user with the Call App",
        },
        ProblemCode::ServiceNotShown => CodeText {
            means: "it is not known whether the user has the Call App",
            arises: "The manifests say `service: callApp`, and the list does not say who has it: \
                the settings have no `listUsers.callApp`, no entry has anything there, or live state \
                comes from Microsoft Graph or a file.",
            remedy: "Say in `listUsers.callApp` how your account's list shows it.",
            example: "the list does not say who has it",
        },
        ProblemCode::NotSwitched => CodeText {
            means: "calling of a user of the Call App is to be otherwise, and nothing switches it",
            arises: "The manifests want calling of a user of the Call App on and it is off, or off \
                and it is on; or `prune: disable` would disable one. The vendor's pages name no call \
                for that, and the settings name none either.",
            remedy: "Name the calls that the vendor's support tells you in `enableCallApp` and \
                `disableCallApp` of the account's `endpoints`. Without them, switch the user in the \
                portal, or correct `calling` in the manifests.",
            example: "no call is known that switches it",
        },
        ProblemCode::PbxMissing => CodeText {
            means: "a call must name who the user is at the PBX, and that is not known",
            arises: "The tenant says `writes: configureUser`, or the user has `service: callApp`. \
                Those calls ask for `pbxLocation` and `pbxUserId` every time, the latter for \
                `phoneNumber` too, and neither the manifests nor the list name it for this user.",
            remedy: "Declare it for the user, its set or its tenant. Without the Call App, `writes: \
                updateUserDetails`, the default, does without it.",
            example: "`writes: configureUser` must name the user's pbxLocation",
        },
        ProblemCode::NotUnderstood => CodeText {
            means: "a managed value is shown as something that is not understood",
            arises: "The list has something for a declared field that is not a value of it. It \
                cannot be compared, and is not overwritten.",
            remedy: "Correct it where it is kept, or take the key out of the manifests.",
            example: "phoneNumber is shown as \"ext. 12\" at `/phoneNumber`, which is not \
                understood",
        },
        ProblemCode::NoEffect => CodeText {
            means: "something was sent again and again, and live state never shows it",
            arises: "The service accepted a value, or a switch of calling, three times, a sync \
                followed each time, and after the time that a change may take the list still \
                shows something else. It may be kept in another spelling, or not be taken up.",
            remedy: "If what is shown means the same, write it so in the manifests. Else find out \
                why it is not taken up, and approve the plan once that is put right: then it is \
                sent once more. Everything else of the user goes on.",
            example: "userTag was sent as sales 3 times and accepted, last on 2026-07-01 12:00:00 \
                UTC, and is still shown as Sales",
        },
        ProblemCode::AnswerLost => CodeText {
            means: "the answer to a step was lost, and what became of it is not decided yet",
            arises: "A call was sent and no answer came, or one that says neither yes nor no. It \
                may have been carried out. It is not sent again before a look decides it.",
            remedy: "Run again later: a look at live state decides it. After the time that the \
                hint names, the step is planned again.",
            example: "the answer to the enable of 2026-07-01 12:00:00 UTC was lost",
        },
        ProblemCode::TeamsDiffers => CodeText {
            means: "Teams does not show what the service shows",
            arises: "The tenant has `confirm: graph`, and Teams still shows something else after \
                the time that a sync may take.",
            remedy: "Check the user's licence and policies in the Teams admin center. Switching \
                calling off and on again pushes the settings again.",
            example: "calling is on at the service and off in Teams",
        },
        ProblemCode::NotUndone => CodeText {
            means: "part of a run is not undone, because it changed since",
            arises: "`dialplane undo` takes back only what is still as the run left it. What \
                somebody changed since, and what is not visible, is left alone.",
            remedy: "Change it in the manifests if it is wrong.",
            example: "the run set userTag to sales, and it is support now",
        },
    }
}
