//! The connection to AWS: one HTTP client on rustls with ring, and a budget that every single request waits for, whoever makes it:
//! pages of a list and repetitions by the SDK included.

use crate::bounds::bounded;
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
    let client = Builder::new().build_with_connector_fn(|settings, components| {
        let mut builder = Connector::builder()
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .proxy_config(ProxyConfig::from_env());
        builder.set_connector_settings(settings.cloned());
        if let Some(components) = components {
            builder.set_sleep_impl(components.sleep_impl());
        }
        builder.build()
    });
    bounded(client)
}

/// What is done around every single request of a client.
pub(crate) trait Around: std::fmt::Debug + Clone + Send + Sync + 'static {
    /// Makes the request by way of the connector.
    fn call(&self, connector: SharedHttpConnector, request: HttpRequest) -> HttpConnectorFuture;
}

/// The same client, with something around its requests.
pub(crate) fn with(client: SharedHttpClient, around: impl Around) -> SharedHttpClient {
    SharedHttpClient::new(Layered { inner: client, around })
}

/// A client or connector, and what is around its requests.
#[derive(Debug)]
struct Layered<I, A> {
    inner: I,
    around: A,
}

impl<A: Around> HttpClient for Layered<SharedHttpClient, A> {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(Layered { inner, around: self.around.clone() })
    }
}

impl<A: Around> HttpConnector for Layered<SharedHttpConnector, A> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        self.around.call(self.inner.clone(), request)
    }
}

/// The same client, used within a budget.
pub fn budgeted(client: SharedHttpClient, budget: RequestBudget) -> SharedHttpClient {
    with(client, budget)
}

impl Around for RequestBudget {
    fn call(&self, connector: SharedHttpConnector, request: HttpRequest) -> HttpConnectorFuture {
        let budget = self.clone();
        HttpConnectorFuture::new(async move {
            budget.turn().await.map_err(|error| ConnectorError::other(error.into(), None))?;
            connector.call(request).await
        })
    }
}
