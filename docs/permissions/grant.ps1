<#
.SYNOPSIS
Gives linktrail the rights that docs/permissions.md lists, by Microsoft Graph PowerShell. UNTESTED: read it before you run it.

.DESCRIPTION
It does what grant.sh does by the Azure CLI, which is tested against a simulated one. It says what it will do and asks first,
adds what is missing and takes nothing away, so it can be run again. Granting a permission of an application is the consent of an
administrator to it: you need the role Privileged Role Administrator, and for -Workspace Owner or User Access Administrator of
the workspace. It makes no secret and no certificate.

It needs Microsoft.Graph.Authentication and Microsoft.Graph.Applications, and for -Workspace Az.Accounts and Az.Resources.

.PARAMETER AppName
The application of this name, created when there is none.
.PARAMETER AppId
An application that exists, by its application (client) id.
.PARAMETER ManagedIdentity
A managed identity, by the object id of its service principal.
.PARAMETER Workspace
The resource id of the Log Analytics workspace: the role "Log Analytics Reader" on it.
.PARAMETER Tables
With -Workspace: the role "Log Analytics Data Reader" instead, for the tables that linktrail reads and no other.
.PARAMETER WithoutChats
No Chat.Read.All; load with --chats-of none.
.PARAMETER WithHunting
ThreatHunting.Read.All too, for [defender] hunting = true.
.PARAMETER WithoutSentinel
Nothing for Log Analytics.
.PARAMETER Environment
The cloud: Global, USGov (GCC High) or USGovDoD.
.PARAMETER Plan
Say what would be done, and do nothing.
#>
[CmdletBinding(DefaultParameterSetName = 'Name')]
param(
    [Parameter(Mandatory, ParameterSetName = 'Name')] [ValidateNotNullOrEmpty()] [string] $AppName,
    [Parameter(Mandatory, ParameterSetName = 'Id')] [guid] $AppId,
    [Parameter(Mandatory, ParameterSetName = 'Identity')] [guid] $ManagedIdentity,
    [Parameter(Mandatory)] [guid] $TenantId,
    [string] $Workspace,
    [switch] $Tables,
    [switch] $WithoutChats,
    [switch] $WithHunting,
    [switch] $WithoutSentinel,
    [ValidateSet('Global', 'USGov', 'USGovDoD')] [string] $Environment = 'Global',
    [switch] $Plan
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

if ($Tables -and -not $Workspace) { throw '-Tables needs -Workspace' }
if ($WithoutSentinel -and $Workspace) { throw '-WithoutSentinel and -Workspace exclude each other' }

$graphApp = '00000003-0000-0000-c000-000000000000'
$logsApp = 'ca7f3f0b-7d91-482c-8e09-c5d840d0eac5'

# Application permissions: name and id.
$ofGraph = [ordered]@{
    'User.Read.All'           = 'df021288-bdef-4463-88db-98f22de89214'
    'Team.ReadBasic.All'      = '2280dda6-0bfd-44ee-a2f4-cb867cfc4c1e'
    'Channel.ReadBasic.All'   = '59a6b24b-4225-4393-8165-ebaec5f55d7a'
    'ChannelMessage.Read.All' = '7b2449af-6ccd-4f4d-9f78-e550c193f0d1'
}
if (-not $WithoutChats) { $ofGraph['Chat.Read.All'] = '6b7d71aa-70aa-4810-a8d9-5d9fb2830017' }
if ($WithHunting) { $ofGraph['ThreatHunting.Read.All'] = 'dd98c7f5-2d42-42d3-a0e4-633161547251' }
$wanted = [ordered]@{ $graphApp = $ofGraph }
if (-not $WithoutSentinel) {
    $wanted[$logsApp] = [ordered]@{ 'Data.Read' = 'e8f6e161-84d0-4cd7-9441-2d46ec9ec3d5' }
}

# The tables that linktrail's queries read.
$tableNames = @(
    'CloudAppEvents'
    'CommonSecurityLog'
    'DeviceEvents'
    'DeviceNetworkEvents'
    'DeviceNetworkInfo'
    'MessageEvents'
    'MessagePostDeliveryEvents'
    'MessageUrlInfo'
    'OfficeActivity'
    'SecurityAlert'
    'ThreatIntelIndicators'
    'ThreatIntelligenceIndicator'
    'UrlClickEvents'
)

Connect-MgGraph -TenantId $TenantId -Environment $Environment -NoWelcome `
    -Scopes 'Application.ReadWrite.All', 'AppRoleAssignment.ReadWrite.All'
$context = Get-MgContext

# Whom the rights are for. What does not exist yet stays empty.
$application = $null
$principal = $null
switch ($PSCmdlet.ParameterSetName) {
    'Identity' {
        $principal = Get-MgServicePrincipal -ServicePrincipalId $ManagedIdentity
        $title = "the managed identity $ManagedIdentity"
    }
    'Id' {
        $application = Get-MgApplication -Filter "appId eq '$AppId'"
        if (-not $application) { throw "there is no application $AppId" }
        $title = "the application $AppId"
    }
    'Name' {
        # A quote inside a text of OData is doubled.
        $quoted = $AppName.Replace("'", "''")
        $found = @(Get-MgApplication -Filter "displayName eq '$quoted'" -All)
        if ($found.Count -gt 1) { throw "several applications are called ""$AppName"": name one by -AppId" }
        if ($found.Count -eq 1) {
            $application = $found[0]
            $title = "the application $($application.AppId), ""$AppName"""
        }
        else {
            $title = "a new application ""$AppName"""
        }
    }
}

Write-Host "In the tenant $($context.TenantId), as $($context.Account), in the cloud ${Environment}:"
Write-Host ''
Write-Host "  for $title"
foreach ($name in $ofGraph.Keys) { Write-Host "  - grant $name of Microsoft Graph, for the whole tenant" }
if (-not $WithoutSentinel) { Write-Host '  - grant Data.Read of Log Analytics, which opens no workspace by itself' }
if ($Tables) {
    Write-Host "  - assign ""Log Analytics Data Reader"" on $Workspace"
    Write-Host "    for these tables alone: $tableNames"
}
elseif ($Workspace) {
    Write-Host "  - assign ""Log Analytics Reader"" on $Workspace"
}
Write-Host ''
Write-Host 'What is there already stays as it is, and nothing is taken away.'
if ($Plan) { return }
if ((Read-Host 'Do this? Type yes') -cne 'yes') {
    Write-Host 'Nothing was done.'
    return
}

# The service principal of an application, which is made when there is none.
function Get-Principal([string] $id) {
    $found = Get-MgServicePrincipal -Filter "appId eq '$id'"
    if ($found) { return $found }
    New-MgServicePrincipal -AppId $id
}

if ($PSCmdlet.ParameterSetName -ne 'Identity') {
    if (-not $application) {
        $application = New-MgApplication -DisplayName $AppName -SignInAudience AzureADMyOrg
        Write-Host "made the application $($application.AppId)"
    }
    # What the application lists already, with what is missing. The list is written as a whole.
    $listed = @()
    foreach ($resource in $application.RequiredResourceAccess) {
        $access = @($resource.ResourceAccess | ForEach-Object { @{ Id = $_.Id; Type = $_.Type } })
        $listed += @{ ResourceAppId = $resource.ResourceAppId; ResourceAccess = $access }
    }
    foreach ($resourceApp in $wanted.Keys) {
        $resource = $listed | Where-Object { $_.ResourceAppId -eq $resourceApp } | Select-Object -First 1
        if (-not $resource) {
            $resource = @{ ResourceAppId = $resourceApp; ResourceAccess = @() }
            $listed += $resource
        }
        foreach ($id in $wanted[$resourceApp].Values) {
            $is = $resource.ResourceAccess | Where-Object { $_.Id -eq $id -and $_.Type -eq 'Role' }
            if (-not $is) { $resource.ResourceAccess += @{ Id = $id; Type = 'Role' } }
        }
    }
    Update-MgApplication -ApplicationId $application.Id -RequiredResourceAccess $listed
    $principal = Get-Principal $application.AppId
}

# The assignment is the consent.
foreach ($resourceApp in $wanted.Keys) {
    $resource = Get-Principal $resourceApp
    $assigned = @(Get-MgServicePrincipalAppRoleAssignment -ServicePrincipalId $principal.Id -All |
            Where-Object { $_.ResourceId -eq $resource.Id } | ForEach-Object { [string] $_.AppRoleId })
    foreach ($name in $wanted[$resourceApp].Keys) {
        $id = $wanted[$resourceApp][$name]
        if ($assigned -contains $id) {
            Write-Host "${name}: granted before"
            continue
        }
        New-MgServicePrincipalAppRoleAssignment -ServicePrincipalId $principal.Id -PrincipalId $principal.Id `
            -ResourceId $resource.Id -AppRoleId $id | Out-Null
        Write-Host "${name}: granted"
    }
}

if ($Workspace) {
    $azure = if ($Environment -eq 'Global') { 'AzureCloud' } else { 'AzureUSGovernment' }
    Connect-AzAccount -Tenant $TenantId -Environment $azure | Out-Null
    $role = if ($Tables) { 'Log Analytics Data Reader' } else { 'Log Analytics Reader' }
    $there = Get-AzRoleAssignment -ObjectId $principal.Id -Scope $Workspace -RoleDefinitionName $role
    $arguments = @{ ObjectId = $principal.Id; Scope = $Workspace; RoleDefinitionName = $role }
    if ($Tables) {
        $names = ($tableNames | ForEach-Object { "'$_'" }) -join ', '
        $data = 'Microsoft.OperationalInsights/workspaces/tables/data/read'
        $attribute = 'Microsoft.OperationalInsights/workspaces/tables:name'
        $arguments.Condition = "((!(ActionMatches{'$data'})) OR (@Resource[$attribute] ForAnyOfAnyValues:StringEquals {$names}))"
        $arguments.ConditionVersion = '2.0'
    }
    if (-not $there) {
        New-AzRoleAssignment @arguments | Out-Null
        Write-Host "${role}: assigned"
    }
    elseif ($Tables -and @($there.Condition) -notcontains $arguments.Condition) {
        Write-Host "${role}: assigned before under another condition, which stays. For these tables it is:"
        Write-Host "  $($arguments.Condition)"
    }
    else {
        Write-Host "${role}: assigned before"
    }
}

Write-Host ''
if ($application) {
    Write-Host "Write client_id = ""$($application.AppId)"" under [auth], and id = ""$TenantId"" under [tenant] in linktrail.toml."
}
Write-Host 'New rights take some minutes, and up to a day for a managed identity, whose tokens are kept that long.'
