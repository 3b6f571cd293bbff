"""Rows of each table as a tenant would write them: a test names only what it is about."""

import json
from datetime import datetime

from workspace import Workspace, at

NEEDLE = "login.evil.example"
URL = "https://login.evil.example/a"
TEAM = "3f8b7a52-aaaa-4aaa-8aaa-000000000001"
ENTITIES = json.dumps(
    [
        {"$id": "3", "HostName": "d1", "Type": "host"},
        {"$id": "4", "Url": URL, "Type": "url"},
        {"$ref": "3"},
    ]
)

# What link_messages and link_messages_cloud say of three events of one message.
LISTED = {
    "operation": "MessageCreatedHasLink",
    "team_id": TEAM,
    "channel_id": "19:one@thread.tacv2",
    "message_id": "1767000000001",
    "user": "eve@contoso.example",
    "team_name": "Finance",
    "channel_name": "General",
    "events": 3,
    "first": at("10:01"),
    "last": at("10:07"),
}


def warn(workspace: Workspace, time: datetime, url: str = URL, device: str = "d1", **row: object) -> None:
    """A warning of SmartScreen, in a browser."""
    workspace.add(
        "DeviceEvents",
        time,
        **{
            "ActionType": "SmartScreenUrlWarning",
            "DeviceId": device,
            "DeviceName": f"{device}.contoso.example",
            "RemoteUrl": url,
            "InitiatingProcessFileName": "msedge.exe",
            "InitiatingProcessAccountUpn": "ada@contoso.example",
            "InitiatingProcessAccountObjectId": "OID-1",
            "ReportId": 1,
        }
        | row,
    )


def open_url(
    workspace: Workspace,
    time: datetime,
    url: str = URL,
    device: str = "d1",
    app: str = "ms-teams.exe",
    **row: object,
) -> None:
    """A program opening a url in a browser."""
    warn(
        workspace,
        time,
        url,
        device,
        **{"ActionType": "BrowserLaunchedToOpenUrl", "InitiatingProcessFileName": app, "ReportId": 2} | row,
    )


def click(workspace: Workspace, time: datetime = at("10:00"), **row: object) -> None:
    """A click that Safe Links saw."""
    workspace.add(
        "UrlClickEvents",
        time,
        **{
            "Url": URL,
            "ActionType": "ClickBlocked",
            "AccountUpn": "ada@contoso.example",
            "Workload": "Teams",
            "IPAddress": "192.0.2.7",
            "ThreatTypes": "Phish",
            "IsClickedThrough": False,
            "AppName": "Teams",
            "NetworkMessageId": "n-1",
            "ReportId": "r-1",
            "UrlChain": "",
        }
        | row,
    )


def message(workspace: Workspace, time: datetime = at("10:00"), id: str = "m-1", **row: object) -> None:
    """A Teams message that Defender saw."""
    workspace.add(
        "MessageEvents",
        time,
        **{
            "TeamsMessageId": id,
            "SenderEmailAddress": "eve@contoso.example",
            "SenderObjectId": "oid-eve",
            "SenderDisplayName": "Eve",
            "GroupId": TEAM,
            "ThreadId": "19:one@thread.tacv2",
            "ThreatTypes": "Phish",
        }
        | row,
    )


def link(
    workspace: Workspace, time: datetime = at("10:00"), id: str = "m-1", url: str = URL, threats: str = ""
) -> None:
    """A url in a Teams message."""
    workspace.add("MessageUrlInfo", time, TeamsMessageId=id, Url=url, ThreatTypes=threats)


def removal(workspace: Workspace, time: datetime = at("10:00"), id: str = "m-1", **row: object) -> None:
    """What Defender did to a message after it was delivered."""
    workspace.add(
        "MessagePostDeliveryEvents",
        time,
        **{
            "TeamsMessageId": id,
            "Action": "Moved to quarantine",
            "ActionType": "Phish ZAP",
            "ActionTrigger": "SpecialAction",
            "ActionResult": "Success",
            "LatestDeliveryLocation": "Quarantine",
        }
        | row,
    )


def report(
    workspace: Workspace,
    time: datetime = at("12:00"),
    operation: str = "UserSubmission",
    record: object = None,
    **fields: object,
) -> None:
    """A message that a user reported. `record` takes the place of the audit record."""
    given = {
        "Operation": operation,
        "SubmissionId": "s-1",
        "SubmissionContentType": "ChatMessage",
        "UserId": "ada@contoso.example",
        "SubmitterDisplayName": "Ada",
        "P2Sender": "eve@contoso.example",
    } | fields
    workspace.add(
        "CloudAppEvents",
        time,
        ActionType=operation,
        AccountObjectId="oid-ada",
        RawEventData=given if record is None else record,
    )


def activity(workspace: Workspace, time: datetime = at("10:00"), **row: object) -> None:
    """A message event in the audit log."""
    workspace.add(
        "OfficeActivity",
        time,
        **{
            "OfficeWorkload": "MicrosoftTeams",
            "Operation": "MessageCreatedHasLink",
            "AADGroupId": TEAM,
            "ChannelGuid": "19:one@thread.tacv2",
            "MessageId": "1767000000001",
            "UserId": "eve@contoso.example",
            "TeamName": "Finance",
            "ChannelName": "General",
        }
        | row,
    )


def cloud_activity(workspace: Workspace, time: datetime = at("10:00"), record: object = None, **fields: object) -> None:
    """A message event in Defender for Cloud Apps. `record` takes the place of the audit record."""
    operation = fields.get("Operation", "MessageCreatedHasLink")
    given = {
        "Workload": "MicrosoftTeams",
        "Operation": operation,
        "AADGroupId": TEAM,
        "ChannelGuid": "19:one@thread.tacv2",
        "MessageId": "1767000000001",
        "UserId": "eve@contoso.example",
        "TeamName": "Finance",
        "ChannelName": "General",
        "MessageURLs": [URL],
    } | fields
    workspace.add(
        "CloudAppEvents",
        time,
        ActionType=operation,
        Application="Microsoft Teams",
        ApplicationId=28375,
        RawEventData=given if record is None else record,
    )


def alert_info(workspace: Workspace, time: datetime = at("10:00"), id: str = "fa-1", **row: object) -> None:
    """An alert of Defender."""
    workspace.add(
        "AlertInfo",
        time,
        **{
            "AlertId": id,
            "Title": "A link was clicked",
            "Category": "InitialAccess",
            "Severity": "High",
            "ServiceSource": "Microsoft Defender for Office 365",
            "DetectionSource": "Microsoft Defender for Office 365",
        }
        | row,
    )


def evidence(workspace: Workspace, time: datetime = at("10:00"), id: str = "fa-1", **row: object) -> None:
    """A piece of evidence of an alert of Defender."""
    workspace.add("AlertEvidence", time, **{"AlertId": id, "EntityType": "Url", "RemoteUrl": URL} | row)


def request(
    workspace: Workspace, time: datetime, ip: str = "192.0.2.10", url: str = URL, **row: object
) -> None:
    """A request through a proxy."""
    workspace.add("CommonSecurityLog", time, SourceIP=ip, RequestURL=url, **row)


def addresses(workspace: Workspace, time: datetime, *ips: str, device: str = "d1", **row: object) -> None:
    """An adapter reporting its addresses."""
    workspace.add(
        "DeviceNetworkInfo",
        time,
        **{
            "DeviceId": device,
            "DeviceName": f"{device}.contoso.example",
            "IPAddresses": [{"IPAddress": ip, "SubnetPrefix": 24, "AddressType": "Private"} for ip in ips],
        }
        | row,
    )


def connection(workspace: Workspace, time: datetime = at("10:00"), url: str = URL, **row: object) -> None:
    """A connection that Defender saw."""
    workspace.add(
        "DeviceNetworkEvents",
        time,
        **{
            "DeviceId": "d1",
            "DeviceName": "d1.contoso.example",
            "RemoteUrl": url,
            "InitiatingProcessAccountUpn": "ada@contoso.example",
            "InitiatingProcessAccountObjectId": "oid-ada",
        }
        | row,
    )


def alert(
    workspace: Workspace,
    time: datetime = at("10:00"),
    id: str = "a-1",
    entities: str = ENTITIES,
    **row: object,
) -> None:
    """One row of an alert."""
    workspace.add(
        "SecurityAlert",
        time,
        **{
            "SystemAlertId": id,
            "VendorOriginalId": "fa-1",
            "DisplayName": "A link was clicked",
            "AlertName": "Potentially malicious URL click",
            "AlertSeverity": "High",
            "ProviderName": "OATP",
            "ProductName": "Microsoft Defender for Office 365",
            "StartTime": at("09:30"),
            "Status": "New",
            "Tactics": "InitialAccess",
            "Entities": entities,
        }
        | row,
    )


def indicator(workspace: Workspace, time: datetime = at("10:00"), id: str = "i-1", **row: object) -> None:
    """One row of an indicator."""
    workspace.add(
        "ThreatIntelIndicators",
        time,
        **{
            "Id": id,
            "ObservableKey": "url:value",
            "ObservableValue": URL,
            "Confidence": 80,
            "ValidUntil": at("00:00", 30),
            "SourceSystem": "Contoso intelligence",
            "Tags": "[]",
            "IsActive": True,
            "IsDeleted": False,
            "Revoked": False,
        }
        | row,
    )


def legacy_indicator(workspace: Workspace, time: datetime = at("10:00"), id: str = "i-1", **row: object) -> None:
    """One row of an indicator, in the table of older workspaces."""
    workspace.add(
        "ThreatIntelligenceIndicator",
        time,
        **{
            "IndicatorId": id,
            "Url": URL,
            "ConfidenceScore": 80.0,
            "ExpirationDateTime": at("00:00", 30),
            "SourceSystem": "Contoso intelligence",
            "Tags": "[]",
            "Active": True,
        }
        | row,
    )
