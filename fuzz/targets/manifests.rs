//! Objects of any kind and shape, through every source and every stage behind it, twice: once as a whole, once name by name.

use std::path::PathBuf;
use std::sync::Arc;
use zonewright::sources::Source;
use zonewright::sources::crd::CrdSource;
use zonewright::sources::gateway::{GatewaySource, RouteKind};
use zonewright::sources::index::SourceIndex;
use zonewright::sources::ingress::IngressSource;
use zonewright::sources::node::NodeSource;
use zonewright::sources::pipeline::PipelineSettings;
use zonewright::sources::pod::PodSource;
use zonewright::sources::service::ServiceSource;
use zonewright::sources::settings::Settings;
use zonewright::sources::store::manifests::load;
use zonewright::sources::store::{Caches, Retention, fill};

/// YAML or JSON, as `--manifests -` reads it.
pub fn run(data: &[u8]) {
    let mut input = data;
    let loaded = load(&[PathBuf::from("-")], &mut input);
    assert_eq!(loaded.objects.len(), loaded.positions.len());
    let mut caches = Caches::new(Retention::default());
    let sources = all(&mut caches);
    fill(&caches, &loaded);
    let mut index =
        SourceIndex::new(sources, PipelineSettings { create_ptr: Some(true), ..Default::default() });
    let desired = index.collect();
    for endpoint in &desired.endpoints {
        index.objects_at(&endpoint.name);
    }
    let again = index.collect();
    assert_eq!(desired.endpoints, again.endpoints, "the same objects, the same wishes");
}

/// Every source that reads objects.
pub fn all(caches: &mut Caches) -> Vec<Arc<dyn Source>> {
    let settings: Arc<Settings> = Arc::default();
    let mut sources: Vec<Arc<dyn Source>> = vec![
        Arc::new(ServiceSource::new(settings.clone(), caches, Arc::default())),
        Arc::new(IngressSource::new(settings.clone(), caches)),
        Arc::new(NodeSource::new(settings.clone(), caches)),
        Arc::new(PodSource::new(settings.clone(), caches)),
        Arc::new(CrdSource::new(settings.clone(), caches)),
    ];
    for name in
        ["gateway-httproute", "gateway-grpcroute", "gateway-tlsroute", "gateway-tcproute", "gateway-udproute"]
    {
        let kind = RouteKind::of_source(name).expect("a source of this name");
        sources.push(Arc::new(GatewaySource::new(kind, settings.clone(), caches)));
    }
    sources
}
