#include "embedded_files.h"

// Paths are relative to this file. A file that is added to `migrations/` or to `Sources/Dashboard/` must also be added
// to a table here; tests compare the tables with the folders.

static const unsigned char create_tables[] = {
#embed "../../migrations/0001_create_tables.sql"
};

static const unsigned char create_audit[] = {
#embed "../../migrations/0002_create_audit.sql"
};

static const unsigned char create_changes[] = {
#embed "../../migrations/0003_create_changes.sql"
};

static const unsigned char create_call_minutes[] = {
#embed "../../migrations/0004_create_call_minutes.sql"
};

static const unsigned char drop_deletions[] = {
#embed "../../migrations/0005_drop_deletions.sql"
};

static const unsigned char add_epoch[] = {
#embed "../../migrations/0006_add_epoch.sql"
};

static const unsigned char add_generation_to_report_ids[] = {
#embed "../../migrations/0007_add_generation_to_report_ids.sql"
};

static const unsigned char add_last_calls_to_breakers[] = {
#embed "../../migrations/0008_add_last_calls_to_breakers.sql"
};

static const unsigned char add_sessions[] = {
#embed "../../migrations/0009_add_sessions.sql"
};

static const unsigned char add_created_by_to_breakers[] = {
#embed "../../migrations/0010_add_created_by_to_breakers.sql"
};

static const unsigned char add_client_to_report_ids[] = {
#embed "../../migrations/0011_add_client_to_report_ids.sql"
};

static const unsigned char add_token_to_revoked_sessions[] = {
#embed "../../migrations/0012_add_token_to_revoked_sessions.sql"
};

static const unsigned char remove_reference_from_report_ids[] = {
#embed "../../migrations/0013_remove_reference_from_report_ids.sql"
};

static const unsigned char add_evidence_to_transitions[] = {
#embed "../../migrations/0014_add_evidence_to_transitions.sql"
};

static const unsigned char add_not_closed_since_to_breakers[] = {
#embed "../../migrations/0015_add_not_closed_since_to_breakers.sql"
};

static const struct embedded_file migrations[] = {
    {"0001_create_tables.sql", create_tables, sizeof create_tables},
    {"0002_create_audit.sql", create_audit, sizeof create_audit},
    {"0003_create_changes.sql", create_changes, sizeof create_changes},
    {"0004_create_call_minutes.sql", create_call_minutes, sizeof create_call_minutes},
    {"0005_drop_deletions.sql", drop_deletions, sizeof drop_deletions},
    {"0006_add_epoch.sql", add_epoch, sizeof add_epoch},
    {
        "0007_add_generation_to_report_ids.sql",
        add_generation_to_report_ids,
        sizeof add_generation_to_report_ids,
    },
    {
        "0008_add_last_calls_to_breakers.sql",
        add_last_calls_to_breakers,
        sizeof add_last_calls_to_breakers,
    },
    {"0009_add_sessions.sql", add_sessions, sizeof add_sessions},
    {
        "0010_add_created_by_to_breakers.sql",
        add_created_by_to_breakers,
        sizeof add_created_by_to_breakers,
    },
    {"0011_add_client_to_report_ids.sql", add_client_to_report_ids, sizeof add_client_to_report_ids},
    {
        "0012_add_token_to_revoked_sessions.sql",
        add_token_to_revoked_sessions,
        sizeof add_token_to_revoked_sessions,
    },
    {
        "0013_remove_reference_from_report_ids.sql",
        remove_reference_from_report_ids,
        sizeof remove_reference_from_report_ids,
    },
    {
        "0014_add_evidence_to_transitions.sql",
        add_evidence_to_transitions,
        sizeof add_evidence_to_transitions,
    },
    {
        "0015_add_not_closed_since_to_breakers.sql",
        add_not_closed_since_to_breakers,
        sizeof add_not_closed_since_to_breakers,
    },
};

static const unsigned char openapi[] = {
#embed "../../openapi.yaml"
};

static const unsigned char dashboard_api_js[] = {
#embed "../Dashboard/api.js"
};

static const unsigned char dashboard_app_js[] = {
#embed "../Dashboard/app.js"
};

static const unsigned char dashboard_audit_section_js[] = {
#embed "../Dashboard/audit-section.js"
};

static const unsigned char dashboard_breaker_page_js[] = {
#embed "../Dashboard/breaker-page.js"
};

static const unsigned char dashboard_curl_commands_js[] = {
#embed "../Dashboard/curl-commands.js"
};

static const unsigned char dashboard_dialogs_js[] = {
#embed "../Dashboard/dialogs.js"
};

static const unsigned char dashboard_dom_js[] = {
#embed "../Dashboard/dom.js"
};

static const unsigned char dashboard_expiry_choice_js[] = {
#embed "../Dashboard/expiry-choice.js"
};

static const unsigned char dashboard_explanation_section_js[] = {
#embed "../Dashboard/explanation-section.js"
};

static const unsigned char dashboard_failures_section_js[] = {
#embed "../Dashboard/failures-section.js"
};

static const unsigned char dashboard_format_js[] = {
#embed "../Dashboard/format.js"
};

static const unsigned char dashboard_header_js[] = {
#embed "../Dashboard/header.js"
};

static const unsigned char dashboard_history_chart_js[] = {
#embed "../Dashboard/history-chart.js"
};

static const unsigned char dashboard_history_section_js[] = {
#embed "../Dashboard/history-section.js"
};

static const unsigned char dashboard_icon_svg[] = {
#embed "../Dashboard/icon.svg"
};

static const unsigned char dashboard_index_html[] = {
#embed "../Dashboard/index.html"
};

static const unsigned char dashboard_list_order_js[] = {
#embed "../Dashboard/list-order.js"
};

static const unsigned char dashboard_list_page_js[] = {
#embed "../Dashboard/list-page.js"
};

static const unsigned char dashboard_list_requests_js[] = {
#embed "../Dashboard/list-requests.js"
};

static const unsigned char dashboard_list_row_js[] = {
#embed "../Dashboard/list-row.js"
};

static const unsigned char dashboard_list_tools_js[] = {
#embed "../Dashboard/list-tools.js"
};

static const unsigned char dashboard_order_dialogs_js[] = {
#embed "../Dashboard/order-dialogs.js"
};

static const unsigned char dashboard_paced_work_js[] = {
#embed "../Dashboard/paced-work.js"
};

static const unsigned char dashboard_page_address_js[] = {
#embed "../Dashboard/page-address.js"
};

static const unsigned char dashboard_paged_rows_js[] = {
#embed "../Dashboard/paged-rows.js"
};

static const unsigned char dashboard_panel_js[] = {
#embed "../Dashboard/panel.js"
};

static const unsigned char dashboard_policy_conflict_js[] = {
#embed "../Dashboard/policy-conflict.js"
};

static const unsigned char dashboard_policy_defaults_js[] = {
#embed "../Dashboard/policy-defaults.js"
};

static const unsigned char dashboard_policy_help_js[] = {
#embed "../Dashboard/policy-help.js"
};

static const unsigned char dashboard_policy_section_js[] = {
#embed "../Dashboard/policy-section.js"
};

static const unsigned char dashboard_recent_changes_js[] = {
#embed "../Dashboard/recent-changes.js"
};

static const unsigned char dashboard_row_hold_js[] = {
#embed "../Dashboard/row-hold.js"
};

static const unsigned char dashboard_server_clock_js[] = {
#embed "../Dashboard/server-clock.js"
};

static const unsigned char dashboard_server_label_js[] = {
#embed "../Dashboard/server-label.js"
};

static const unsigned char dashboard_session_js[] = {
#embed "../Dashboard/session.js"
};

static const unsigned char dashboard_sparkline_js[] = {
#embed "../Dashboard/sparkline.js"
};

static const unsigned char dashboard_state_badges_js[] = {
#embed "../Dashboard/state-badges.js"
};

static const unsigned char dashboard_stream_js[] = {
#embed "../Dashboard/stream.js"
};

static const unsigned char dashboard_style_css[] = {
#embed "../Dashboard/style.css"
};

static const unsigned char dashboard_time_zone_js[] = {
#embed "../Dashboard/time-zone.js"
};

static const unsigned char dashboard_transitions_section_js[] = {
#embed "../Dashboard/transitions-section.js"
};

static const unsigned char dashboard_visible_rows_js[] = {
#embed "../Dashboard/visible-rows.js"
};

static const struct embedded_file dashboard[] = {
    {"api.js", dashboard_api_js, sizeof dashboard_api_js},
    {"app.js", dashboard_app_js, sizeof dashboard_app_js},
    {"audit-section.js", dashboard_audit_section_js, sizeof dashboard_audit_section_js},
    {"breaker-page.js", dashboard_breaker_page_js, sizeof dashboard_breaker_page_js},
    {"curl-commands.js", dashboard_curl_commands_js, sizeof dashboard_curl_commands_js},
    {"dialogs.js", dashboard_dialogs_js, sizeof dashboard_dialogs_js},
    {"dom.js", dashboard_dom_js, sizeof dashboard_dom_js},
    {"expiry-choice.js", dashboard_expiry_choice_js, sizeof dashboard_expiry_choice_js},
    {
        "explanation-section.js",
        dashboard_explanation_section_js,
        sizeof dashboard_explanation_section_js,
    },
    {"failures-section.js", dashboard_failures_section_js, sizeof dashboard_failures_section_js},
    {"format.js", dashboard_format_js, sizeof dashboard_format_js},
    {"header.js", dashboard_header_js, sizeof dashboard_header_js},
    {"history-chart.js", dashboard_history_chart_js, sizeof dashboard_history_chart_js},
    {"history-section.js", dashboard_history_section_js, sizeof dashboard_history_section_js},
    {"icon.svg", dashboard_icon_svg, sizeof dashboard_icon_svg},
    {"index.html", dashboard_index_html, sizeof dashboard_index_html},
    {"list-order.js", dashboard_list_order_js, sizeof dashboard_list_order_js},
    {"list-page.js", dashboard_list_page_js, sizeof dashboard_list_page_js},
    {"list-requests.js", dashboard_list_requests_js, sizeof dashboard_list_requests_js},
    {"list-row.js", dashboard_list_row_js, sizeof dashboard_list_row_js},
    {"list-tools.js", dashboard_list_tools_js, sizeof dashboard_list_tools_js},
    {"order-dialogs.js", dashboard_order_dialogs_js, sizeof dashboard_order_dialogs_js},
    {"paced-work.js", dashboard_paced_work_js, sizeof dashboard_paced_work_js},
    {"page-address.js", dashboard_page_address_js, sizeof dashboard_page_address_js},
    {"paged-rows.js", dashboard_paged_rows_js, sizeof dashboard_paged_rows_js},
    {"panel.js", dashboard_panel_js, sizeof dashboard_panel_js},
    {"policy-conflict.js", dashboard_policy_conflict_js, sizeof dashboard_policy_conflict_js},
    {"policy-defaults.js", dashboard_policy_defaults_js, sizeof dashboard_policy_defaults_js},
    {"policy-help.js", dashboard_policy_help_js, sizeof dashboard_policy_help_js},
    {"policy-section.js", dashboard_policy_section_js, sizeof dashboard_policy_section_js},
    {"recent-changes.js", dashboard_recent_changes_js, sizeof dashboard_recent_changes_js},
    {"row-hold.js", dashboard_row_hold_js, sizeof dashboard_row_hold_js},
    {"server-clock.js", dashboard_server_clock_js, sizeof dashboard_server_clock_js},
    {"server-label.js", dashboard_server_label_js, sizeof dashboard_server_label_js},
    {"session.js", dashboard_session_js, sizeof dashboard_session_js},
    {"sparkline.js", dashboard_sparkline_js, sizeof dashboard_sparkline_js},
    {"state-badges.js", dashboard_state_badges_js, sizeof dashboard_state_badges_js},
    {"stream.js", dashboard_stream_js, sizeof dashboard_stream_js},
    {"style.css", dashboard_style_css, sizeof dashboard_style_css},
    {"time-zone.js", dashboard_time_zone_js, sizeof dashboard_time_zone_js},
    {
        "transitions-section.js",
        dashboard_transitions_section_js,
        sizeof dashboard_transitions_section_js,
    },
    {"visible-rows.js", dashboard_visible_rows_js, sizeof dashboard_visible_rows_js},
};

const struct embedded_file *embedded_migrations(void) {
    return migrations;
}

size_t embedded_migrations_count(void) {
    return sizeof migrations / sizeof migrations[0];
}

struct embedded_file embedded_openapi(void) {
    return (struct embedded_file){"openapi.yaml", openapi, sizeof openapi};
}

const struct embedded_file *embedded_dashboard(void) {
    return dashboard;
}

size_t embedded_dashboard_count(void) {
    return sizeof dashboard / sizeof dashboard[0];
}
