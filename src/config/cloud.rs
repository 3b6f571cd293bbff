//! The addresses of Microsoft's clouds, from its documentation of national clouds.

use crate::model::Cloud;

/// The addresses of the services of a cloud, and the audiences of their tokens.
#[derive(Debug)]
pub(super) struct Services {
    pub(super) login: &'static str,
    /// The address of Microsoft Graph, which is also the audience of its tokens.
    pub(super) graph: &'static str,
    pub(super) log_analytics: &'static str,
    pub(super) log_analytics_audience: &'static str,
}

impl Cloud {
    /// The published addresses and the audiences. The audiences hold whatever `[endpoints]` says.
    pub(super) fn services(self) -> Services {
        match self {
            Self::Public => Services {
                login: "https://login.microsoftonline.com",
                graph: "https://graph.microsoft.com",
                log_analytics: "https://api.loganalytics.azure.com",
                log_analytics_audience: "https://api.loganalytics.io",
            },
            Self::Usgov => Services {
                login: "https://login.microsoftonline.us",
                graph: "https://graph.microsoft.us",
                log_analytics: "https://api.loganalytics.us",
                log_analytics_audience: "https://api.loganalytics.us",
            },
            Self::UsgovDod => Services {
                login: "https://login.microsoftonline.us",
                graph: "https://dod-graph.microsoft.us",
                log_analytics: "https://api.loganalytics.us",
                log_analytics_audience: "https://api.loganalytics.us",
            },
            Self::China => Services {
                login: "https://login.chinacloudapi.cn",
                graph: "https://microsoftgraph.chinacloudapi.cn",
                log_analytics: "https://api.loganalytics.azure.cn",
                log_analytics_audience: "https://api.loganalytics.azure.cn",
            },
        }
    }
}
