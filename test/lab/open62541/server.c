/*
 * An OPC UA server on open62541 for the lab. It shares no code with the gateway or with node-opcua. The one argument
 * is a file of settings, a line each, fields separated by tabs:
 *   port NUMBER             address URL               application URI
 *   certificate FILE        key FILE                  trusted FILE (any number; without one every client is)
 *   endpoint POLICY MODE (any number)                 user NAME PASSWORD
 *   anonymous               plain-passwords           hide-certificate
 *   variable NODEID NAME DATATYPE RANK (any number, last)
 */
#include "machine.h"
#include "types.h"

#include <open62541/plugin/accesscontrol_default.h>
#include <open62541/plugin/log_stdout.h>
#include <open62541/plugin/pki_default.h>
#include <open62541/server_config_default.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_FIELDS = 5, MOST_TRUSTED = 8, MOST_ENDPOINTS = 16, LISTEN_EVERY_MS = 5 };

typedef struct {
    const char *policy;
    UA_MessageSecurityMode mode;
} Endpoint;

typedef struct {
    UA_UInt16 port;
    char *address;
    char *application;
    UA_ByteString certificate;
    UA_ByteString key;
    UA_ByteString trusted[MOST_TRUSTED];
    size_t trusted_size;
    Endpoint endpoints[MOST_ENDPOINTS];
    size_t endpoints_size;
    char *user;
    char *password;
    bool anonymous;
    /* A password may travel on a channel that is not encrypted; otherwise it is encrypted itself. */
    bool plain_passwords;
    /* As a server that has lost its certificate. */
    bool hide_certificate;
} Settings;

typedef UA_StatusCode (*AddPolicy)(UA_ServerConfig *, const UA_ByteString *, const UA_ByteString *);
static const struct {
    const char *name;
    AddPolicy add;
} POLICIES[] = {
    {"Basic128Rsa15", UA_ServerConfig_addSecurityPolicyBasic128Rsa15},
    {"Basic256", UA_ServerConfig_addSecurityPolicyBasic256},
    {"Basic256Sha256", UA_ServerConfig_addSecurityPolicyBasic256Sha256},
    {"Aes128_Sha256_RsaOaep", UA_ServerConfig_addSecurityPolicyAes128Sha256RsaOaep},
    {"Aes256_Sha256_RsaPss", UA_ServerConfig_addSecurityPolicyAes256Sha256RsaPss},
};
#define POLICY_URI "http://opcfoundation.org/UA/SecurityPolicy#"

static volatile sig_atomic_t running = 1;

static void
on_signal(int number) {
    (void)number;
    running = 0;
}

static void
on_time(UA_Server *server, void *data) {
    (void)data;
    machine_listen(server, false);
}

/* The fields point into the line. */
static size_t
split(char *line, char *fields[MOST_FIELDS]) {
    size_t count = 0;
    line[strcspn(line, "\n")] = '\0';
    for(char *next = line; next != NULL && count < MOST_FIELDS; count++)
        fields[count] = strsep(&next, "\t");
    return count;
}

static char *
keep(const char *text) {
    char *copy = strdup(text);
    if(copy == NULL)
        FAIL("out of memory");
    return copy;
}

static UA_ByteString
read_file(const char *path) {
    FILE *file = fopen(path, "rb");
    if(file == NULL)
        FAIL("%s: %m", path);
    static char content[64 * 1024];
    size_t size = fread(content, 1, sizeof(content), file);
    if(ferror(file) || !feof(file) || fclose(file) != 0)
        FAIL("%s can't be read, or is too large", path);
    UA_ByteString found;
    machine_need(UA_ByteString_allocBuffer(&found, size), path);
    memcpy(found.data, content, size);
    return found;
}

static UA_MessageSecurityMode
mode_of(const char *name) {
    if(strcmp(name, "None") == 0)
        return UA_MESSAGESECURITYMODE_NONE;
    if(strcmp(name, "Sign") == 0)
        return UA_MESSAGESECURITYMODE_SIGN;
    if(strcmp(name, "SignAndEncrypt") == 0)
        return UA_MESSAGESECURITYMODE_SIGNANDENCRYPT;
    FAIL("no mode %s", name);
}

/* One line before the variables. */
static void
set(Settings *settings, size_t count, char *fields[MOST_FIELDS]) {
    const char *name = fields[0];
    if(count == 1 && strcmp(name, "anonymous") == 0)
        settings->anonymous = true;
    else if(count == 1 && strcmp(name, "plain-passwords") == 0)
        settings->plain_passwords = true;
    else if(count == 1 && strcmp(name, "hide-certificate") == 0)
        settings->hide_certificate = true;
    else if(count == 2 && strcmp(name, "port") == 0)
        settings->port = (UA_UInt16)strtoul(fields[1], NULL, 10);
    else if(count == 2 && strcmp(name, "address") == 0)
        settings->address = keep(fields[1]);
    else if(count == 2 && strcmp(name, "application") == 0)
        settings->application = keep(fields[1]);
    else if(count == 2 && strcmp(name, "certificate") == 0)
        settings->certificate = read_file(fields[1]);
    else if(count == 2 && strcmp(name, "key") == 0)
        settings->key = read_file(fields[1]);
    else if(count == 2 && strcmp(name, "trusted") == 0 && settings->trusted_size < MOST_TRUSTED)
        settings->trusted[settings->trusted_size++] = read_file(fields[1]);
    else if(count == 3 && strcmp(name, "endpoint") == 0 && settings->endpoints_size < MOST_ENDPOINTS)
        settings->endpoints[settings->endpoints_size++] = (Endpoint){keep(fields[1]), mode_of(fields[2])};
    else if(count == 3 && strcmp(name, "user") == 0) {
        settings->user = keep(fields[1]);
        settings->password = keep(fields[2]);
    } else
        FAIL("not a setting: %s with %zu fields", name, count - 1);
}

static void
add_policies(UA_ServerConfig *config, const Settings *settings) {
    bool has_certificate = settings->certificate.length > 0;
    /* Everybody may ask for the endpoints without security; only with an endpoint for it, for more. */
    config->securityPolicyNoneDiscoveryOnly = true;
    machine_need(UA_ServerConfig_addSecurityPolicyNone(config, has_certificate ? &settings->certificate : NULL),
                 "None");
    for(size_t policy = 0; policy < sizeof(POLICIES) / sizeof(POLICIES[0]); policy++)
        for(size_t at = 0; at < settings->endpoints_size; at++)
            if(strcmp(POLICIES[policy].name, settings->endpoints[at].policy) == 0) {
                machine_need(POLICIES[policy].add(config, &settings->certificate, &settings->key),
                             POLICIES[policy].name);
                break;
            }
    for(size_t at = 0; at < settings->endpoints_size; at++) {
        char uri[100];
        snprintf(uri, sizeof(uri), POLICY_URI "%s", settings->endpoints[at].policy);
        machine_need(UA_ServerConfig_addEndpoint(config, UA_STRING(uri), settings->endpoints[at].mode), uri);
        if(settings->endpoints[at].mode == UA_MESSAGESECURITYMODE_NONE)
            config->securityPolicyNoneDiscoveryOnly = false;
    }
}

/* The library checks its certificates at the start; what it has not then, clients don't see. */
static void
hide_certificate(UA_ServerConfig *config) {
    for(size_t at = 0; at < config->securityPoliciesSize; at++)
        UA_ByteString_clear(&config->securityPolicies[at].localCertificate);
}

static void
configure(UA_ServerConfig *config, const Settings *settings) {
    config->logging = UA_Log_Stdout_new(UA_LOGLEVEL_INFO);
    machine_need(UA_ServerConfig_setBasics_withPort(config, settings->port), "the configuration");
    UA_String_clear(&config->serverUrls[0]);
    config->serverUrls[0] = UA_STRING_ALLOC(settings->address);
    UA_String_clear(&config->applicationDescription.applicationUri);
    config->applicationDescription.applicationUri = UA_STRING_ALLOC(settings->application);
    config->customDataTypes = &machine_types;
    config->allowEmptyVariables = UA_RULEHANDLING_ACCEPT;
    config->allowNonePolicyPassword = settings->plain_passwords;
    /* As fast as the library can, and no value lost. */
    config->publishingIntervalLimits.min = LISTEN_EVERY_MS;
    config->samplingIntervalLimits.min = LISTEN_EVERY_MS;
    config->queueSizeLimits.max = 1000;

    if(settings->trusted_size > 0) {
        machine_need(UA_CertificateVerification_Trustlist(&config->secureChannelPKI, settings->trusted,
                                                          settings->trusted_size, NULL, 0, NULL, 0),
                     "the trust list");
        config->secureChannelPKI.logging = config->logging;
    }
    add_policies(config, settings);
    UA_UsernamePasswordLogin login = {UA_STRING(settings->user), UA_STRING(settings->password)};
    machine_need(UA_AccessControl_default(config, settings->anonymous, &config->securityPolicies[0].policyUri,
                                          settings->user == NULL ? 0 : 1, &login),
                 "the access control");
}

int
main(int argc, char *argv[]) {
    if(argc != 2)
        FAIL("usage: %s SETTINGS", argv[0]);
    setvbuf(stdout, NULL, _IOLBF, 0);
    signal(SIGTERM, on_signal);

    FILE *file = fopen(argv[1], "r");
    if(file == NULL)
        FAIL("%s: %m", argv[1]);
    static Settings settings;
    UA_Server *server = NULL;
    for(char line[4096]; fgets(line, sizeof(line), file) != NULL;) {
        char *fields[MOST_FIELDS];
        size_t count = split(line, fields);
        if(strcmp(fields[0], "variable") != 0) {
            set(&settings, count, fields);
            continue;
        }
        if(count != 5)
            FAIL("a variable has an id, a name, a data type and a rank");
        if(server == NULL) {
            UA_ServerConfig config;
            memset(&config, 0, sizeof(config));
            configure(&config, &settings);
            server = UA_Server_newWithConfig(&config);
            if(server == NULL || UA_Server_addNamespace(server, MACHINE_NAMESPACE) != 2)
                FAIL("the server can't be made");
            machine_add_types(server);
        }
        machine_add_variable(server, fields[1], fields[2], fields[3], (int)strtol(fields[4], NULL, 10));
    }
    if(server == NULL)
        FAIL("%s names no variable", argv[1]);

    /* Nobody sees a variable without a value. */
    while(machine_listen(server, true) == 0)
        continue;
    machine_need(UA_Server_run_startup(server), "the start");
    if(settings.hide_certificate)
        hide_certificate(UA_Server_getConfig(server));
    machine_need(UA_Server_addRepeatedCallback(server, on_time, NULL, LISTEN_EVERY_MS, NULL), "stdin");
    printf("listening on %s\n", settings.address);
    while(running)
        UA_Server_run_iterate(server, true);
    machine_need(UA_Server_run_shutdown(server), "the end");
    UA_Server_delete(server);
    return 0;
}
