// SPDX-License-Identifier: Apache-2.0
#include "crypto/detached.h"

#include "base/text.h"

#include <gtest/gtest.h>

namespace holdfast::crypto {
namespace {

// Made by OpenSSL 3.0.19 for this test over "hello\n": authority → issuer → signer (code signing) and
// web server (not code signing); the signer once more, straight from the authority, for one day of
// November 2026.
constexpr std::string_view authority_pem =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBdzCCAR6gAwIBAgIULk/GGTQ8tomxTD7d5qMTml1P5hEwCgYIKoZIzj0EAwIw\n"
    "GTEXMBUGA1UEAwwOVGVzdCBhdXRob3JpdHkwIBcNMjYxMTI4MTM1NTA2WhgPMjEy\n"
    "NjExMDQxMzU1MDZaMBkxFzAVBgNVBAMMDlRlc3QgYXV0aG9yaXR5MFkwEwYHKoZI\n"
    "zj0CAQYIKoZIzj0DAQcDQgAEZx1vB4yH3VrgM87QPyqTviLZBReRBZ0SS/Ex0iQ7\n"
    "bhmPWNZvegOYSsC9l/+lD3cSNM0N96/GVTogBK4coCmr8KNCMEAwDwYDVR0TAQH/\n"
    "BAUwAwEB/zAOBgNVHQ8BAf8EBAMCAgQwHQYDVR0OBBYEFClbrPTJpBJF0l7AWcqL\n"
    "59IVmry2MAoGCCqGSM49BAMCA0cAMEQCICennlkhV1Nqbx75ovxTVHr+1IKA3DHt\n"
    "VbnjhIVo9u6UAiBtOPZm/YfY4ljpTanjDx+6op+DHsVegl4pOaF6S0DQnw==\n"
    "-----END CERTIFICATE-----\n";
constexpr std::string_view namesake_pem =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBdzCCAR6gAwIBAgIUF+qBBgsy80qWdcvwbsXM6L4jWHIwCgYIKoZIzj0EAwIw\n"
    "GTEXMBUGA1UEAwwOVGVzdCBhdXRob3JpdHkwIBcNMjYxMTI4MTM1NTA2WhgPMjEy\n"
    "NjExMDQxMzU1MDZaMBkxFzAVBgNVBAMMDlRlc3QgYXV0aG9yaXR5MFkwEwYHKoZI\n"
    "zj0CAQYIKoZIzj0DAQcDQgAEoaQiJlmIS0UtDGatU6o2PrHGU3Sca1KHyx7X5t7E\n"
    "mv5u/IOZCM05wD3FGjwmG86b6iESanDfusbR73Vh2Ma4g6NCMEAwDwYDVR0TAQH/\n"
    "BAUwAwEB/zAOBgNVHQ8BAf8EBAMCAgQwHQYDVR0OBBYEFEnHEk57mHSHcL4wdzZL\n"
    "IZ26sbA+MAoGCCqGSM49BAMCA0cAMEQCICf8y8IJI450E3CRJr61SdB47yKGNGoP\n"
    "9iOUhlDcfZavAiBofUG+DM1sWlG2YkloMvKDppwE4ftAMRkmkRiTORzotw==\n"
    "-----END CERTIFICATE-----\n";
constexpr std::string_view issuer_pem =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBljCCATygAwIBAgIURLVlbFyT6ouq5vYAADwiKW3sFFQwCgYIKoZIzj0EAwIw\n"
    "GTEXMBUGA1UEAwwOVGVzdCBhdXRob3JpdHkwIBcNMjYxMTI4MTM1NTA2WhgPMjEy\n"
    "NjExMDQxMzU1MDZaMBYxFDASBgNVBAMMC1Rlc3QgaXNzdWVyMFkwEwYHKoZIzj0C\n"
    "AQYIKoZIzj0DAQcDQgAE5I48R4aBuGHspX6aJB9ZbK6uLDSn3bNU+kQWPG+4YEvn\n"
    "o/uIQ62lBXetrksBxQBv7XVga8cSdaTPPcBgAN9HV6NjMGEwDwYDVR0TAQH/BAUw\n"
    "AwEB/zAOBgNVHQ8BAf8EBAMCAgQwHQYDVR0OBBYEFMW37h6BcwZ87YJldPkiOxqX\n"
    "bAyZMB8GA1UdIwQYMBaAFClbrPTJpBJF0l7AWcqL59IVmry2MAoGCCqGSM49BAMC\n"
    "A0gAMEUCIQDRBgXptpuCnweUbhu+7+wgw93qwSTeR8Q3d87opvxZeAIgPUZPSJkq\n"
    "2fvhvF5f+zvz6DA57Ss2NkOXKE+yWeObUaE=\n"
    "-----END CERTIFICATE-----\n";
constexpr std::string_view signer_pem =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBqDCCAU6gAwIBAgIUHEoot7vEzvdyumeUMC7t7lQFemIwCgYIKoZIzj0EAwIw\n"
    "FjEUMBIGA1UEAwwLVGVzdCBpc3N1ZXIwIBcNMjYxMTI4MTM1NTA2WhgPMjEyNjEx\n"
    "MDQxMzU1MDZaMBkxFzAVBgNVBAMMDlJlbGVhc2Ugc2lnbmVyMFkwEwYHKoZIzj0C\n"
    "AQYIKoZIzj0DAQcDQgAE8BtOTFxERJz5R77np9gWEmx2Sje3c0CdDppSYx44hDyn\n"
    "nyD0OcKfz4EkQBs1hAW59egpAYXdidVLD9tnu77SuKN1MHMwDAYDVR0TAQH/BAIw\n"
    "ADAOBgNVHQ8BAf8EBAMCB4AwEwYDVR0lBAwwCgYIKwYBBQUHAwMwHQYDVR0OBBYE\n"
    "FEGCB6JRrsRwAH1zIaLBFSSbCHglMB8GA1UdIwQYMBaAFMW37h6BcwZ87YJldPki\n"
    "OxqXbAyZMAoGCCqGSM49BAMCA0gAMEUCIB2G3KvYaW171uiV0D0QY0g45gMNrv4u\n"
    "EhYpjAaeTg/PAiEAiVHt0m7vqRn8Y4wf9IUuAgQYlcMyxu4lQ0/WedSN7UQ=\n"
    "-----END CERTIFICATE-----\n";
constexpr std::string_view signer_key =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgF9LRZX1Ze4UQDLMb\n"
    "M4x/e0NmsU2FePWkHXNZAQ9NlgehRANCAATwG05MXEREnPlHvuen2BYSbHZKN7dz\n"
    "QJ0OmlJjHjiEPKefIPQ5wp/PgSRAGzWEBbn16CkBhd2J1UsP22e7vtK4\n"
    "-----END PRIVATE KEY-----\n";
constexpr std::string_view signer_public =
    "-----BEGIN PUBLIC KEY-----\n"
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE8BtOTFxERJz5R77np9gWEmx2Sje3\n"
    "c0CdDppSYx44hDynnyD0OcKfz4EkQBs1hAW59egpAYXdidVLD9tnu77SuA==\n"
    "-----END PUBLIC KEY-----\n";
constexpr std::string_view stock_ecdsa =
    "MEQCIHkjQsZGXFqvGYyWgW4zSW9uPr5YBpr3vTNCP+yIB5/mAiBAvzBWU3YBGJFJFwahZumQdV6qteF6mCJ1fd/onT6dJA==";
constexpr std::string_view stock_cms =
    "MIIE/wYJKoZIhvcNAQcCoIIE8DCCBOwCAQExDTALBglghkgBZQMEAgEwCwYJKoZIhvcNAQcBoIIDRjCCAZYwggE8oAMC"
    "AQICFES1ZWxck+qLqub2AAA8Iilt7BRUMAoGCCqGSM49BAMCMBkxFzAVBgNVBAMMDlRlc3QgYXV0aG9yaXR5MCAXDTI2"
    "MTEyODEzNTUwNloYDzIxMjYxMTA0MTM1NTA2WjAWMRQwEgYDVQQDDAtUZXN0IGlzc3VlcjBZMBMGByqGSM49AgEGCCqG"
    "SM49AwEHA0IABOSOPEeGgbhh7KV+miQfWWyuriw0p92zVPpEFjxvuGBL56P7iEOtpQV3ra5LAcUAb+11YGvHEnWkzz3A"
    "YADfR1ejYzBhMA8GA1UdEwEB/wQFMAMBAf8wDgYDVR0PAQH/BAQDAgIEMB0GA1UdDgQWBBTFt+4egXMGfO2CZXT5Ijsa"
    "l2wMmTAfBgNVHSMEGDAWgBQpW6z0yaQSRdJewFnKi+fSFZq8tjAKBggqhkjOPQQDAgNIADBFAiEA0QYF6babgp8HlG4b"
    "vu/sIMPd6sEk3kfEN3fO6Kb8WXgCID1GT0iZKtn74bxeX/s78+gwOe0rNjZDlyhPslnjm1GhMIIBqDCCAU6gAwIBAgIU"
    "HEoot7vEzvdyumeUMC7t7lQFemIwCgYIKoZIzj0EAwIwFjEUMBIGA1UEAwwLVGVzdCBpc3N1ZXIwIBcNMjYxMTI4MTM1"
    "NTA2WhgPMjEyNjExMDQxMzU1MDZaMBkxFzAVBgNVBAMMDlJlbGVhc2Ugc2lnbmVyMFkwEwYHKoZIzj0CAQYIKoZIzj0D"
    "AQcDQgAE8BtOTFxERJz5R77np9gWEmx2Sje3c0CdDppSYx44hDynnyD0OcKfz4EkQBs1hAW59egpAYXdidVLD9tnu77S"
    "uKN1MHMwDAYDVR0TAQH/BAIwADAOBgNVHQ8BAf8EBAMCB4AwEwYDVR0lBAwwCgYIKwYBBQUHAwMwHQYDVR0OBBYEFEGC"
    "B6JRrsRwAH1zIaLBFSSbCHglMB8GA1UdIwQYMBaAFMW37h6BcwZ87YJldPkiOxqXbAyZMAoGCCqGSM49BAMCA0gAMEUC"
    "IB2G3KvYaW171uiV0D0QY0g45gMNrv4uEhYpjAaeTg/PAiEAiVHt0m7vqRn8Y4wf9IUuAgQYlcMyxu4lQ0/WedSN7UQx"
    "ggF/MIIBewIBATAuMBYxFDASBgNVBAMMC1Rlc3QgaXNzdWVyAhQcSii3u8TO93K6Z5QwLu3uVAV6YjALBglghkgBZQME"
    "AgGggeQwGAYJKoZIhvcNAQkDMQsGCSqGSIb3DQEHATAcBgkqhkiG9w0BCQUxDxcNMjYxMTI4MTM1NTA2WjAvBgkqhkiG"
    "9w0BCQQxIgQgWJG1tSLV3whtD/CxEPvZ0hu0/HFjrzTQgoai6Eb2vgMweQYJKoZIhvcNAQkPMWwwajALBglghkgBZQME"
    "ASowCwYJYIZIAWUDBAEWMAsGCWCGSAFlAwQBAjAKBggqhkiG9w0DBzAOBggqhkiG9w0DAgICAIAwDQYIKoZIhvcNAwIC"
    "AUAwBwYFKw4DAgcwDQYIKoZIhvcNAwICASgwCgYIKoZIzj0EAwIERjBEAiAIOrRpwDFt7v33f70gM6KpeRUB98U2skcR"
    "AJUOIBvlmwIgJd1k1DdYK4Mt3UXf3/jrNSxrB5fv1gjKWY5+JDBNjsE=";
constexpr std::string_view web_server_cms =
    "MIIE+wYJKoZIhvcNAQcCoIIE7DCCBOgCAQExDTALBglghkgBZQMEAgEwCwYJKoZIhvcNAQcBoIIDQTCCAZYwggE8oAMC"
    "AQICFES1ZWxck+qLqub2AAA8Iilt7BRUMAoGCCqGSM49BAMCMBkxFzAVBgNVBAMMDlRlc3QgYXV0aG9yaXR5MCAXDTI2"
    "MTEyODEzNTUwNloYDzIxMjYxMTA0MTM1NTA2WjAWMRQwEgYDVQQDDAtUZXN0IGlzc3VlcjBZMBMGByqGSM49AgEGCCqG"
    "SM49AwEHA0IABOSOPEeGgbhh7KV+miQfWWyuriw0p92zVPpEFjxvuGBL56P7iEOtpQV3ra5LAcUAb+11YGvHEnWkzz3A"
    "YADfR1ejYzBhMA8GA1UdEwEB/wQFMAMBAf8wDgYDVR0PAQH/BAQDAgIEMB0GA1UdDgQWBBTFt+4egXMGfO2CZXT5Ijsa"
    "l2wMmTAfBgNVHSMEGDAWgBQpW6z0yaQSRdJewFnKi+fSFZq8tjAKBggqhkjOPQQDAgNIADBFAiEA0QYF6babgp8HlG4b"
    "vu/sIMPd6sEk3kfEN3fO6Kb8WXgCID1GT0iZKtn74bxeX/s78+gwOe0rNjZDlyhPslnjm1GhMIIBozCCAUqgAwIBAgIU"
    "B2iRQwRAPxYl3083h4v44y+C62UwCgYIKoZIzj0EAwIwFjEUMBIGA1UEAwwLVGVzdCBpc3N1ZXIwIBcNMjYxMTI4MTM1"
    "NTA2WhgPMjEyNjExMDQxMzU1MDZaMBUxEzARBgNVBAMMCldlYiBzZXJ2ZXIwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC"
    "AAQvBkseLoo9JV3VBdDoKTMVhUghOqzH7/9BxzZNOaNE8U8GB7yXc1f0fr+PeYg+7xjaot7jpn1LayogJiOMV/Cqo3Uw"
    "czAMBgNVHRMBAf8EAjAAMA4GA1UdDwEB/wQEAwIHgDATBgNVHSUEDDAKBggrBgEFBQcDATAdBgNVHQ4EFgQUKfN+H29T"
    "4aryiKXAXhQTdO4hrDIwHwYDVR0jBBgwFoAUxbfuHoFzBnztgmV0+SI7GpdsDJkwCgYIKoZIzj0EAwIDRwAwRAIgL4SM"
    "LMIroccVczmCUcUN/SDNzMMD47MEjLzTKJgU8xcCIHyR6HMBs5tospy/2AWusf9BUa75NmVdXw2edYpk1cTQMYIBgDCC"
    "AXwCAQEwLjAWMRQwEgYDVQQDDAtUZXN0IGlzc3VlcgIUB2iRQwRAPxYl3083h4v44y+C62UwCwYJYIZIAWUDBAIBoIHk"
    "MBgGCSqGSIb3DQEJAzELBgkqhkiG9w0BBwEwHAYJKoZIhvcNAQkFMQ8XDTI2MTEyODEzNTUwNlowLwYJKoZIhvcNAQkE"
    "MSIEIFiRtbUi1d8IbQ/wsRD72dIbtPxxY6800IKGouhG9r4DMHkGCSqGSIb3DQEJDzFsMGowCwYJYIZIAWUDBAEqMAsG"
    "CWCGSAFlAwQBFjALBglghkgBZQMEAQIwCgYIKoZIhvcNAwcwDgYIKoZIhvcNAwICAgCAMA0GCCqGSIb3DQMCAgFAMAcG"
    "BSsOAwIHMA0GCCqGSIb3DQMCAgEoMAoGCCqGSM49BAMCBEcwRQIgQoqrjH2PZhw9jsebZKlGevOnPKXNkSvZimEOFsAf"
    "F+ICIQDL+pF6T+7yX/xNuG+JJfpYu9+fp1jGX5MPoCCNYlf8xw==";
constexpr std::string_view expired_cms =
    "MIIDagYJKoZIhvcNAQcCoIIDWzCCA1cCAQExDTALBglghkgBZQMEAgEwCwYJKoZIhvcNAQcBoIIBrTCCAakwggFPoAMC"
    "AQICFGgzkotAbd7v52Rs4nBNGIJHrt2sMAoGCCqGSM49BAMCMBkxFzAVBgNVBAMMDlRlc3QgYXV0aG9yaXR5MB4XDTI2"
    "MTEyODEzNTUwNloXDTI2MTEyOTEzNTUwNlowGTEXMBUGA1UEAwwOUmVsZWFzZSBzaWduZXIwWTATBgcqhkjOPQIBBggq"
    "hkjOPQMBBwNCAATwG05MXEREnPlHvuen2BYSbHZKN7dzQJ0OmlJjHjiEPKefIPQ5wp/PgSRAGzWEBbn16CkBhd2J1UsP"
    "22e7vtK4o3UwczAMBgNVHRMBAf8EAjAAMA4GA1UdDwEB/wQEAwIHgDATBgNVHSUEDDAKBggrBgEFBQcDAzAdBgNVHQ4E"
    "FgQUQYIHolGuxHAAfXMhosEVJJsIeCUwHwYDVR0jBBgwFoAUKVus9MmkEkXSXsBZyovn0hWavLYwCgYIKoZIzj0EAwID"
    "SAAwRQIhAKea5fcSnxeMt9AhgD1eC57lFGYS8ZsBjlORZVQbE4B/AiB5sggUBLu9HlXcQWx4rbww+YkdvGAkgD5hGF0U"
    "CypuMTGCAYMwggF/AgEBMDEwGTEXMBUGA1UEAwwOVGVzdCBhdXRob3JpdHkCFGgzkotAbd7v52Rs4nBNGIJHrt2sMAsG"
    "CWCGSAFlAwQCAaCB5DAYBgkqhkiG9w0BCQMxCwYJKoZIhvcNAQcBMBwGCSqGSIb3DQEJBTEPFw0yNjExMjgxMzU1MDZa"
    "MC8GCSqGSIb3DQEJBDEiBCBYkbW1ItXfCG0P8LEQ+9nSG7T8cWOvNNCChqLoRva+AzB5BgkqhkiG9w0BCQ8xbDBqMAsG"
    "CWCGSAFlAwQBKjALBglghkgBZQMEARYwCwYJYIZIAWUDBAECMAoGCCqGSIb3DQMHMA4GCCqGSIb3DQMCAgIAgDANBggq"
    "hkiG9w0DAgIBQDAHBgUrDgMCBzANBggqhkiG9w0DAgIBKDAKBggqhkjOPQQDAgRHMEUCIElbvkgoIi587e1zOJCkbpx0"
    "hFtIfeJQPwssin+xe/QOAiEAjjajw10IYCD9tTZKbP7+beePBqrCvIZVRBARzKwkdGI=";
constexpr std::string_view message = "hello\n";

const WallTime now = parse_rfc3339("2027-06-01T00:00:00Z").value();
const KeyId signer_id = parse_key_id("716442BC4F83D286").value();

Verifier verifier(std::string_view text) {
  return Verifier::parse(text).value();
}

DetachedSignature cms(std::string_view base64) {
  return read_signature(from_base64(base64).value()).value();
}

DetachedSignature ecdsa(std::string_view text) {
  return {.scheme = Scheme::ecdsa, .key = signer_id, .bytes = std::string(text)};
}

// "yes", "no", or the refusal.
std::string asked(const Verifier& key, std::string_view text, const DetachedSignature& signature,
                  WallTime at = now) {
  const auto answer = key.has_signed(text, signature, at);
  if (!answer) return std::string(answer.error().what());
  return *answer ? "yes" : "no";
}

TEST(KeyIds, AreTheHeadOfTheDigestOfThePublicKey) {
  EXPECT_EQ(verifier(signer_public).id(), signer_id);
  EXPECT_EQ(verifier(signer_pem).id(), signer_id);
  EXPECT_EQ(signer_id.text(), "716442BC4F83D286");
  for (const auto* text : {"", "716442BC4F83D28", "716442bc4f83d286", "716442BC4F83D2860"}) {
    EXPECT_FALSE(parse_key_id(text)) << text;
  }
}

TEST(Verifiers, AnswerForWhatStockToolsSigned) {
  const auto old = parse_rfc3339("2026-11-28T23:00:00Z").value();
  const struct {
    const char* name;
    Verifier key;
    std::string text;
    DetachedSignature signature;
    WallTime at;
    const char* answer;
  } cases[] = {
      {"the key's own ECDSA signature", verifier(signer_public), "hello\n", ecdsa(stock_ecdsa), now, "yes"},
      {"with a line end", verifier(signer_public), "hello\n", ecdsa(std::string(stock_ecdsa) + "\n"), now, "yes"},
      {"over other bytes", verifier(signer_public), "hello", ecdsa(stock_ecdsa), now,
       "the signature of key 716442BC4F83D286 does not hold"},
      {"no base64", verifier(signer_public), "hello\n", ecdsa("?"), now, "the ECDSA signature is not one line of base64"},
      {"a signature of another form", verifier(signer_public), "hello\n", cms(stock_cms), now, "no"},
      {"CMS, trusted by its authority", verifier(authority_pem), "hello\n", cms(stock_cms), now, "yes"},
      {"CMS, trusted by its issuer", verifier(issuer_pem), "hello\n", cms(stock_cms), now, "yes"},
      {"CMS, its very certificate trusted", verifier(signer_pem), "hello\n", cms(stock_cms), now, "yes"},
      {"CMS, an authority of the same name", verifier(namesake_pem), "hello\n", cms(stock_cms), now, "no"},
      {"CMS over other bytes", verifier(authority_pem), "hello", cms(stock_cms), now,
       "the signature of key 716442BC4F83D286 does not hold"},
      {"CMS under a bare key", verifier(signer_public), "hello\n", cms(stock_cms), now, "no"},
      {"a certificate for web servers", verifier(authority_pem), "hello\n", cms(web_server_cms), now,
       "the CMS signature is not acceptable: the signer's certificate is not for code signing"},
      {"a certificate in its day", verifier(authority_pem), "hello\n", cms(expired_cms), old, "yes"},
      {"a certificate after its day", verifier(authority_pem), "hello\n", cms(expired_cms), now,
       "the CMS signature is not acceptable: the signer's certificate is refused: certificate has expired"},
  };
  for (const auto& test : cases) {
    EXPECT_EQ(asked(test.key, test.text, test.signature, test.at), test.answer) << test.name;
  }
}

TEST(CmsSignatures, AreRefusedWhenABitIsChanged) {
  const std::string good = from_base64(stock_cms).value();
  const Verifier key = verifier(authority_pem);
  // Whichever bit: no form at all, no chain, or no signature. Bit 5 of a tag says "constructed".
  for (const int bit : {0, 5, 7})
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string bytes = good;
    bytes[at] = static_cast<char>(bytes[at] ^ 1 << bit);
    const auto answer = key.has_signed(message, {.scheme = Scheme::cms, .key = signer_id, .bytes = bytes}, now);
    EXPECT_FALSE(answer.has_value() && *answer) << "bit " << bit << " of byte " << at;
  }
  for (std::size_t size = 0; size < good.size(); size += 31) {
    EXPECT_FALSE(key.has_signed(message, {.scheme = Scheme::cms, .key = signer_id, .bytes = good.substr(0, size)}, now));
  }
  EXPECT_EQ(asked(key, message, {.scheme = Scheme::cms, .key = signer_id, .bytes = good + "x"}),
            "the CMS signature is not acceptable: bytes follow it");
  EXPECT_EQ(asked(key, message, {.scheme = Scheme::cms, .key = {}, .bytes = good}),
            "the CMS signature is not of key 0000000000000000");
}

TEST(Verifiers, RefuseWhatIsNoKey) {
  const struct {
    const char* name;
    std::string text;
  } cases[] = {
      {"nothing", ""},
      {"a private key", std::string(signer_key)},
      {"two certificates", std::string(signer_pem) + std::string(issuer_pem)},
      {"a broken certificate", std::string(signer_pem).substr(0, 200)},
      {"a broken key", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"},
      {"too much", std::string(70'000, 'x')},
  };
  for (const auto& test : cases) {
    const auto key = Verifier::parse(test.text);
    ASSERT_FALSE(key.has_value()) << test.name;
    EXPECT_EQ(key.error().code(), Code::trust_root) << test.name;
  }
}

TEST(Signers, SignAsTheirFileSays) {
  const struct {
    const char* name;
    std::string file;
    Scheme scheme;
    Verifier key;
  } cases[] = {
      {"a bare key", std::string(signer_key), Scheme::ecdsa, verifier(signer_public)},
      {"a key and its chain", std::string(signer_key) + std::string(signer_pem) + std::string(issuer_pem),
       Scheme::cms, verifier(authority_pem)},
      {"certificates in another order", std::string(issuer_pem) + std::string(signer_pem) + std::string(signer_key),
       Scheme::cms, verifier(authority_pem)},
  };
  for (const auto& test : cases) {
    const auto signer = Signer::parse(Secret(test.file), Secret());
    ASSERT_TRUE(signer.has_value()) << test.name << ": " << signer.error().message();
    EXPECT_EQ(signer->scheme(), test.scheme) << test.name;
    EXPECT_EQ(signer->id(), signer_id) << test.name;
    const auto made = signer->sign(message, "comment");
    ASSERT_TRUE(made.has_value()) << test.name;
    EXPECT_EQ(asked(test.key, message, *made), "yes") << test.name;
    EXPECT_NE(asked(test.key, "other", *made), "yes") << test.name;
  }
  const SigningKey own = SigningKey::generate().value();
  const auto made = Signer(own).sign(message, "comment").value();
  EXPECT_EQ(made.scheme, Scheme::minisign);
  EXPECT_EQ(asked(own.public_key(), message, made), "yes");
  EXPECT_EQ(read_signature(made.bytes).value().key, own.public_key().id());
}

TEST(Signers, RefuseFilesWithoutAUsableKey) {
  const struct {
    const char* name;
    std::string file;
  } cases[] = {
      {"only a certificate", std::string(signer_pem)},
      {"a certificate of another key", std::string(signer_key) + std::string(issuer_pem)},
      {"a public key", std::string(signer_public)},
      {"nothing", ""},
  };
  for (const auto& test : cases) {
    const auto signer = Signer::parse(Secret(test.file), Secret());
    ASSERT_FALSE(signer.has_value()) << test.name;
    EXPECT_EQ(signer.error().code(), Code::file_unreadable) << test.name;
  }
  EXPECT_FALSE(Signer::open("pkcs11:token=none", Secret("x")));
}

}  // namespace
}  // namespace holdfast::crypto
