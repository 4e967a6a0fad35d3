//! The connection to AWS: one HTTP client on rustls with ring, and a budget that every single request waits for, whoever makes it:
//! pages of a list and repetitions by the SDK included.

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use zonewright_provider_kit::RequestBudget;

/// The client under everything, credentials included.
pub fn http_client() -> SharedHttpClient {
    Builder::new().build_with_connector_fn(|settings, components| {
        let mut builder = Connector::builder()
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .proxy_config(ProxyConfig::from_env());
        builder.set_connector_settings(settings.cloned());
        if let Some(components) = components {
            builder.set_sleep_impl(components.sleep_impl());
        }
        builder.build()
    })
}

/// The same client, used within a budget.
pub fn budgeted(client: SharedHttpClient, budget: RequestBudget) -> SharedHttpClient {
    SharedHttpClient::new(Budgeted { client, budget })
}

#[derive(Debug)]
struct Budgeted {
    client: SharedHttpClient,
    budget: RequestBudget,
}

impl HttpClient for Budgeted {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let connector = self.client.http_connector(settings, components);
        SharedHttpConnector::new(BudgetedConnector { connector, budget: self.budget.clone() })
    }
}

#[derive(Debug)]
struct BudgetedConnector {
    connector: SharedHttpConnector,
    budget: RequestBudget,
}

impl HttpConnector for BudgetedConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (connector, budget) = (self.connector.clone(), self.budget.clone());
        HttpConnectorFuture::new(async move {
            budget.turn().await.map_err(|error| ConnectorError::other(error.into(), None))?;
            connector.call(request).await
        })
    }
}
