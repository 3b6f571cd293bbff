#!/usr/bin/env bash
# Gives linktrail the rights that docs/permissions.md lists, by the Azure CLI. Read it before you run it.
#
#   grant.sh --app-name NAME [options]                the application of this name, created when there is none
#   grant.sh --app-id ID [options]                    an application that exists, by its application (client) id
#   grant.sh --managed-identity OBJECT_ID [options]   a managed identity, by the object id of its service principal
#
#   --workspace RESOURCE_ID   the Log Analytics workspace, as `az monitor log-analytics workspace show --query id` prints it:
#                             the role "Log Analytics Reader" on it
#   --tables                  with --workspace: the role "Log Analytics Data Reader" instead, for the tables that linktrail
#                             reads and no other
#   --without-chats           no Chat.Read.All; load with --chats-of none
#   --with-hunting            ThreatHunting.Read.All too, for [defender] hunting = true
#   --without-sentinel        nothing for Log Analytics
#   --plan                    say what would be done, and do nothing
#   --yes                     do not ask
#
# It says what it will do and asks first. It adds what is missing and takes nothing away, so it can be run again. Granting a
# permission of an application is the consent of an administrator to it: you need the role Privileged Role Administrator, and
# for --workspace Owner or User Access Administrator of the workspace. It makes no secret and no certificate.
#
# The cloud is that of the Azure CLI. GCC High: az cloud set --name AzureUSGovernment. The Department of Defense: then
# az cloud update --endpoint-microsoft-graph-resource-id https://dod-graph.microsoft.us
set -euo pipefail

graph_app=00000003-0000-0000-c000-000000000000
logs_app=ca7f3f0b-7d91-482c-8e09-c5d840d0eac5

# Application permissions: name and id.
directory=(
  "User.Read.All df021288-bdef-4463-88db-98f22de89214"
  "Team.ReadBasic.All 2280dda6-0bfd-44ee-a2f4-cb867cfc4c1e"
  "Channel.ReadBasic.All 59a6b24b-4225-4393-8165-ebaec5f55d7a"
  "ChannelMessage.Read.All 7b2449af-6ccd-4f4d-9f78-e550c193f0d1"
)
chats="Chat.Read.All 6b7d71aa-70aa-4810-a8d9-5d9fb2830017"
hunting="ThreatHunting.Read.All dd98c7f5-2d42-42d3-a0e4-633161547251"
logs="Data.Read e8f6e161-84d0-4cd7-9441-2d46ec9ec3d5"

# The tables that linktrail's queries read.
tables=(
  CloudAppEvents
  CommonSecurityLog
  DeviceEvents
  DeviceNetworkEvents
  DeviceNetworkInfo
  MessageEvents
  MessagePostDeliveryEvents
  MessageUrlInfo
  OfficeActivity
  SecurityAlert
  ThreatIntelIndicators
  ThreatIntelligenceIndicator
  UrlClickEvents
)

fail() {
  printf 'grant.sh: %s\n' "$1" >&2
  exit 2
}

say() { printf '%s\n' "$1"; }

app_name='' app_id='' identity='' workspace=''
by_table=no with_chats=yes with_hunting=no with_logs=yes plan=no assume_yes=no

value() { [[ $# -ge 2 && -n $2 && $2 != --* ]] || fail "$1 needs a value"; }

while [[ $# -gt 0 ]]; do
  case $1 in
    --app-name) value "$@"; app_name=$2; shift 2 ;;
    --app-id) value "$@"; app_id=$2; shift 2 ;;
    --managed-identity) value "$@"; identity=$2; shift 2 ;;
    --workspace) value "$@"; workspace=$2; shift 2 ;;
    --tables) by_table=yes; shift ;;
    --without-chats) with_chats=no; shift ;;
    --with-hunting) with_hunting=yes; shift ;;
    --without-sentinel) with_logs=no; shift ;;
    --plan) plan=yes; shift ;;
    --yes) assume_yes=yes; shift ;;
    -h | --help) sed -n '2,/^set /{/^set /d; s/^# \{0,1\}//; p}' "${BASH_SOURCE[0]}"; exit ;;
    *) fail "there is no option $1; --help lists them" ;;
  esac
done

named=0
for one in "$app_name" "$app_id" "$identity"; do
  if [[ -n $one ]]; then named=$((named + 1)); fi
done
[[ $named -eq 1 ]] || fail "name one of --app-name, --app-id and --managed-identity"
[[ $by_table = no || -n $workspace ]] || fail "--tables needs --workspace"
[[ $with_logs = yes || -z $workspace ]] || fail "--without-sentinel and --workspace exclude each other"
command -v az >/dev/null || fail "the Azure CLI is not installed: https://learn.microsoft.com/cli/azure/install-azure-cli"

permissions=("${directory[@]}")
if [[ $with_chats = yes ]]; then permissions+=("$chats"); fi
if [[ $with_hunting = yes ]]; then permissions+=("$hunting"); fi

if ! tenant=$(az account show --query tenantId --output tsv); then
  fail "sign in first: az login --tenant TENANT"
fi
user=$(az account show --query user.name --output tsv)
graph=$(az cloud show --query endpoints.microsoftGraphResourceId --output tsv)
graph=${graph%/}

# Whom the rights are for. What does not exist yet stays empty.
principal='' title=''
if [[ -n $identity ]]; then
  principal=$(az ad sp show --id "$identity" --query id --output tsv)
  title="the managed identity $identity"
elif [[ -n $app_id ]]; then
  app_id=$(az ad app show --id "$app_id" --query appId --output tsv)
  title="the application $app_id"
else
  # A quote inside a text of OData is doubled.
  quoted=${app_name//\'/\'\'}
  found=$(az ad app list --filter "displayName eq '$quoted'" --query '[].appId' --output tsv)
  case $(grep -c . <<<"$found" || true) in
    0) title="a new application \"$app_name\"" ;;
    1)
      app_id=$found
      title="the application $app_id, \"$app_name\""
      ;;
    *) fail "several applications are called \"$app_name\": name one by --app-id" ;;
  esac
fi

say "In the tenant $tenant, as $user, through $graph:"
say ""
say "  for $title"
for permission in "${permissions[@]}"; do say "  - grant ${permission% *} of Microsoft Graph, for the whole tenant"; done
if [[ $with_logs = yes ]]; then say "  - grant ${logs% *} of Log Analytics, which opens no workspace by itself"; fi
if [[ -n $workspace && $by_table = yes ]]; then
  say "  - assign \"Log Analytics Data Reader\" on $workspace"
  say "    for these tables alone: ${tables[*]}"
elif [[ -n $workspace ]]; then
  say "  - assign \"Log Analytics Reader\" on $workspace"
fi
say ""
say "What is there already stays as it is, and nothing is taken away."
if [[ $plan = yes ]]; then exit 0; fi
if [[ $assume_yes = no ]]; then
  printf 'Do this? Type yes: '
  answer=''
  read -r answer || true
  if [[ $answer != yes ]]; then
    say "Nothing was done."
    exit 1
  fi
fi

# The object id of the service principal of an application, which is made when there is none.
service_principal() {
  local id
  id=$(az ad sp list --filter "appId eq '$1'" --query '[].id' --output tsv)
  if [[ -z $id ]]; then id=$(az ad sp create --id "$1" --query id --output tsv); fi
  printf '%s' "$id"
}

if [[ -z $identity ]]; then
  if [[ -z $app_id ]]; then
    app_id=$(az ad app create --display-name "$app_name" --sign-in-audience AzureADMyOrg --query appId --output tsv)
    say "made the application $app_id"
  fi
  principal=$(service_principal "$app_id")
fi

# has NEEDLE LINES
has() { grep -qixF -- "$1" <<<"$2"; }

# grant RESOURCE_APP NAME ID...: lists the permissions in the application, and assigns them, which is the consent to them.
grant() {
  local resource_app=$1 resource listed='' assigned name id
  shift
  resource=$(service_principal "$resource_app")
  if [[ -n $app_id ]]; then
    listed=$(az ad app permission list --id "$app_id" \
      --query "[?resourceAppId=='$resource_app'].resourceAccess[].id" --output tsv)
  fi
  assigned=$(az rest --method GET --resource "$graph/" --url "$graph/v1.0/servicePrincipals/$principal/appRoleAssignments?\$top=999" \
    --query "value[?resourceId=='$resource'].appRoleId" --output tsv)
  while [[ $# -gt 0 ]]; do
    read -r name id <<<"$1"
    shift
    if [[ -n $app_id ]] && ! has "$id" "$listed"; then
      az ad app permission add --id "$app_id" --api "$resource_app" --api-permissions "$id=Role" --output none
    fi
    if has "$id" "$assigned"; then
      say "$name: granted before"
    else
      az rest --method POST --resource "$graph/" --url "$graph/v1.0/servicePrincipals/$principal/appRoleAssignments" \
        --body "{\"principalId\":\"$principal\",\"resourceId\":\"$resource\",\"appRoleId\":\"$id\"}" --output none
      say "$name: granted"
    fi
  done
}

grant "$graph_app" "${permissions[@]}"
if [[ $with_logs = yes ]]; then grant "$logs_app" "$logs"; fi

# What `az role assignment list` says of a role of the principal on the workspace.
assigned() {
  az role assignment list --assignee "$principal" --scope "$workspace" --role "$1" --query "$2" --output tsv
}

# assign ROLE [MORE ARGUMENTS]
assign() {
  local role=$1
  shift
  az role assignment create --assignee-object-id "$principal" --assignee-principal-type ServicePrincipal \
    --role "$role" --scope "$workspace" "$@" --output none
  say "$role: assigned"
}

if [[ -n $workspace && $by_table = yes ]]; then
  role="Log Analytics Data Reader"
  names=$(printf ", '%s'" "${tables[@]}")
  data=Microsoft.OperationalInsights/workspaces/tables/data/read
  attribute=Microsoft.OperationalInsights/workspaces/tables:name
  condition="((!(ActionMatches{'$data'})) OR (@Resource[$attribute] ForAnyOfAnyValues:StringEquals {${names#, }}))"
  if [[ -z $(assigned "$role" '[].id') ]]; then
    assign "$role" --condition "$condition" --condition-version 2.0
  elif [[ $(assigned "$role" '[].condition') = "$condition" ]]; then
    say "$role: assigned before"
  else
    say "$role: assigned before under another condition, which stays. For these tables it is:"
    say "  $condition"
  fi
elif [[ -n $workspace ]]; then
  role="Log Analytics Reader"
  if [[ -z $(assigned "$role" '[].id') ]]; then assign "$role"; else say "$role: assigned before"; fi
fi

say ""
if [[ -n $app_id ]]; then say "Write client_id = \"$app_id\" under [auth], and id = \"$tenant\" under [tenant] in linktrail.toml."; fi
say "New rights take some minutes, and up to a day for a managed identity, whose tokens are kept that long."
