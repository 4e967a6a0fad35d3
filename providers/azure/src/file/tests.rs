use super::*;
use crate::config::{Environment, Overrides, Service, ZoneFilter};
use std::time::Duration;
use zonewright_planner::DomainFilter;
use zonewright_provider_http::ExposeSecret;

fn config(ids: &[&str]) -> AzureConfig {
    AzureConfig {
        service: Service::Public,
        file: "/etc/azure.json".into(),
        overrides: Overrides::default(),
        environment: Environment::default(),
        zones: ZoneFilter {
            domains: DomainFilter::All,
            ids: ids.iter().map(|id| (*id).to_owned()).collect(),
            names: None,
        },
        zones_cache: Duration::ZERO,
        retries: 3,
        requests_per_second: None,
        recorder: Default::default(),
    }
}

/// The file of an AKS node has some thirty fields more.
const WHOLE: &str = r#"{
    "cloud": "AzurePublicCloud", "tenantId": "t", "subscriptionId": "s", "resourceGroup": "g", "location": "westeurope",
    "aadClientId": "c", "aadClientSecret": "x", "useManagedIdentityExtension": true, "useWorkloadIdentityExtension": false,
    "userAssignedIdentityID": "u", "activeDirectoryAuthorityHost": "", "resourceManagerAudience": null,
    "resourceManagerEndpoint": null, "vmType": "vmss", "cloudProviderBackoffRetries": 6, "loadBalancerSku": "Standard"
}"#;

#[test]
fn every_field_is_read() {
    let settings = Settings::parse(WHOLE.as_bytes(), &config(&[])).unwrap();
    assert_eq!((settings.subscription.as_str(), settings.resource_group.as_str()), ("s", "g"));
    assert_eq!(settings.identity.to_string(), "service principal c of tenant t");
    let document: Value = serde_json::from_str(WHOLE).unwrap();
    let fields = Fields::of(document.as_object().unwrap()).unwrap();
    assert_eq!(fields.client_secret.expose_secret(), "x");
    assert_eq!((fields.user_assigned_identity.as_str(), fields.use_managed_identity), ("u", true));
}

#[test]
fn upper_and_lower_case_are_the_same() {
    let text = WHOLE.replace("tenantId", "TENANTID").replace("aadClientId", "AADClientID");
    let settings = Settings::parse(text.as_bytes(), &config(&[])).unwrap();
    assert_eq!(settings.identity.to_string(), "service principal c of tenant t");
}

#[test]
fn flags_stand_above_the_file() {
    let flag = |text: &str| Some(text.to_owned());
    let overrides = Overrides {
        resource_group: flag("G"),
        subscription_id: flag("S"),
        user_assigned_identity: flag("U"),
    };
    let text = WHOLE.replace("\"c\"", "\"msi\"");
    let settings = Settings::parse(text.as_bytes(), &AzureConfig { overrides, ..config(&[]) }).unwrap();
    assert_eq!((settings.subscription.as_str(), settings.resource_group.as_str()), ("S", "G"));
    assert!(settings.identity.to_string().contains("client id U"), "{}", settings.identity);
}

/// Zones that are named by their whole ids say where they are.
#[test]
fn a_resource_group_is_needed_to_list_zones_alone() {
    let text = WHOLE.replace("\"resourceGroup\": \"g\",", "");
    let zone = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/dnsZones/example.org";
    let parse = |ids: &[&str]| Settings::parse(text.as_bytes(), &config(ids));
    assert!(parse(&[zone]).is_ok());
    for ids in [&[][..], &[""], &[zone, "example.net"]] {
        let error = parse(ids).unwrap_err().to_string();
        assert!(
            error.contains("/etc/azure.json: field resourceGroup")
                && error.contains("--azure-resource-group"),
            "{error}"
        );
    }
}

/// A value in the wrong place may be a secret.
#[test]
fn values_are_not_repeated() {
    let text = WHOLE.replace("\"aadClientSecret\": \"x\"", "\"aadClientSecret\": {\"value\": \"canary\"}");
    let error = Settings::parse(text.as_bytes(), &config(&[])).unwrap_err().to_string();
    assert!(error.contains("field aadClientSecret: it has to be a text, and is an object"), "{error}");
    assert!(!error.contains("canary"));
}
