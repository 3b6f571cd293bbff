use super::*;

fn entries(text: &str) -> Entries {
    super::entries(text, DateTime::default())
}

fn listed(text: &str) -> Vec<(usize, String)> {
    let read = entries(text);
    assert_eq!(read.bad_count, 0, "{:?}", read.bad);
    read.listed
        .iter()
        .map(|e| (e.line, e.key.to_string()))
        .collect()
}

fn is(text: &str, wanted: &[(usize, &str)]) {
    let wanted: Vec<(usize, String)> = wanted
        .iter()
        .map(|(line, key)| (*line, (*key).to_owned()))
        .collect();
    assert_eq!(listed(text), wanted, "{text}");
}

#[test]
fn the_named_column_is_read() {
    let text = "# made by hand\nfirst seen,URL,tags\n2026-01-01,hxxp://evil[.]example/a,\"x, y\"\n,https://b.example/,\n";
    let read = entries(text);
    assert_eq!(read.listed[0].line, 3);
    assert_eq!(read.listed[0].key.to_string(), "http://evil.example/a");
    assert_eq!(read.listed[0].tags, ["x", "y"]);
    assert_eq!(read.listed[1].line, 4);
    is("a;Domain\n1;evil.example\n", &[(2, "evil.example")]);
    is(
        "url\tx\nhttps://a.example/?a,b\t1\n",
        &[(2, "https://a.example/?a,b")],
    );
    is(
        "domain,url\nevil.example,\nevil.example,https://evil.example/a\n",
        &[(2, "evil.example"), (3, "https://evil.example/a")],
    );
}

#[test]
fn names_are_known_in_every_spelling() {
    for header in [
        "ioc_id,ioc_value,note",
        "id,Indicator Value,x",
        "n,phishing_url,target",
        "n,IOC,x",
        "first.seen,IndicatorValue,x",
        "ip.src,malicious-url,x",
        "target,value,comment",
    ] {
        is(
            &format!("{header}\n1693316,https://evil.example/a,paypal.com\n"),
            &[(2, "https://evil.example/a")],
        );
    }
    // None of these is where the indicator stands.
    for name in [
        "phish_detail_url",
        "urlhaus_link",
        "source_url",
        "target_domain",
        "reference_url",
    ] {
        is(
            &format!("{name},url\nhttps://report.example/1,https://evil.example/a\n"),
            &[(2, "https://evil.example/a")],
        );
    }
}

#[test]
fn a_commented_header_names_the_columns() {
    is(
        "# Dump\n#\n# id,dateadded,url,url_status\n\"7\",\"2026-10-15 15:07:33\",\"http://203.0.113.170:33935/a\",\"online\"\n",
        &[(4, "http://203.0.113.170:33935/a")],
    );
    is(
        "# \"seen\",\"ioc_id\",\"ioc_value\",\"ioc_type\"\n\"2026\", \"1693316\", \"evil.example\", \"domain\"\n\"2026\", \"1\", \"203.0.113.71:433\", \"ip:port\"\n",
        &[(2, "evil.example"), (3, "203.0.113.71:433")],
    );
    // A description stands in a column whose name could mean an indicator.
    is(
        "#domain,ioc\nevil.example,Possible C2\n",
        &[(2, "evil.example")],
    );
    // A comment of another width is a comment.
    is("# url\nevil.example,1,2\n", &[(2, "evil.example")]);
}

#[test]
fn without_names_the_column_of_indicators_is_found() {
    is(
        "evil.example,1\nevil.net,2\n",
        &[(1, "evil.example"), (2, "evil.net")],
    );
    is("bad,seen\nevil.net,2\n", &[(2, "evil.net")]);
    is(
        "1790000000,0.87,https://evil.example/a\n1790000001,0.5,https://evil.example/b\n",
        &[(1, "https://evil.example/a"), (2, "https://evil.example/b")],
    );
    is(
        "url,https://evil.example/a,said by somebody\ndomain,evil.net,x\nmd5,d41d8cd98f00b204e9800998ecf8427e,x\n",
        &[(1, "https://evil.example/a"), (2, "evil.net")],
    );
    is(
        "paypal.com,https://evil.example/a\nbank.com,https://evil.example/b\n",
        &[(1, "https://evil.example/a"), (2, "https://evil.example/b")],
    );
}

#[test]
fn lines_are_those_of_the_file() {
    for text in [
        "url,tags\r\nhttps://a.example/,x\r\n\r\n# c\r\nhttps://b.example/,y\r\n",
        "url,tags\rhttps://a.example/,x\r\r# c\rhttps://b.example/,y\r",
        "url,tags\nhttps://a.example/,\"x\"\n \n# c\nhttps://b.example/,y",
    ] {
        is(
            text,
            &[(2, "https://a.example/"), (5, "https://b.example/")],
        );
    }
    is(
        "sep=;\r\nname;url\r\nx;https://evil.example/a\r\n",
        &[(3, "https://evil.example/a")],
    );
    is(
        "url,note\nhttps://a.example/,\"two\nlines\"\nhttps://b.example/,\n",
        &[(2, "https://a.example/"), (4, "https://b.example/")],
    );
}

#[test]
fn kinds_are_known_in_every_spelling() {
    for kind in [
        "ip-dst",
        "ip-src",
        "IPv4-Addr",
        "ipv4-addr:value",
        "IP Address",
        "ip",
        "IPv4",
        "IpAddress",
        "network-traffic:dst_ref.value",
        "c2 ip",
        "Destination IP",
    ] {
        is(
            &format!("type,indicator\n{kind},203.0.113.9\n"),
            &[(2, "203.0.113.9")],
        );
    }
    for kind in [
        "hostname",
        "Domain-Name",
        "Domain Name",
        "DomainName",
        "FQDN",
        "domain-name:value",
        "phishing",
        "Malicious domain",
    ] {
        is(
            &format!("value,type\nevil.example,{kind}\n"),
            &[(2, "evil.example")],
        );
    }
    is(
        "type,value\nip-dst|port,203.0.113.9|8080\n",
        &[(2, "203.0.113.9:8080")],
    );
    is(
        "type,value\ndomain|ip,evil.example|203.0.113.9\n",
        &[(2, "evil.example"), (2, "203.0.113.9")],
    );
    let read = entries(
        "Indicator type,Indicator,Description\nFileHash-MD5,word,\nhostname,evil.example,\nCVE,x,\nfilename,invoice.zip,\nemail-src,a@b.example,\nDescription,Files,\n",
    );
    assert_eq!(
        (read.listed.len(), read.left_out(), read.bad_count),
        (1, 5, 0)
    );
    assert_eq!(read.others["filehash-md5"], 1);
}

#[test]
fn what_is_allowed_or_expired_is_not_listed() {
    let text = "IndicatorType,IndicatorValue,ExpirationTime,Action\nUrl,https://a.example/,2026-01-01T00:00:00Z,Block\n\
        Url,https://b.example/,2027-01-01T00:00:00Z,BlockAndRemediate\nDomainName,good.example,,Allowed\nUrl,https://c.example/,2026-01-01,Warn\n";
    let since = "2026-10-01T00:00:00Z".parse().unwrap();
    let read = super::entries(text, since);
    assert_eq!(read.listed.len(), 1);
    assert_eq!(read.listed[0].line, 3);
    assert_eq!(
        (read.others["allowed entry"], read.others["expired entry"]),
        (1, 2)
    );
    let read = entries("type,value,to_ids\ndomain,a.example,0\ndomain,b.example,1\n");
    assert_eq!((read.listed.len(), read.left_out()), (1, 1));
}

#[test]
fn numbers_and_dates_are_no_addresses() {
    let read =
        entries("url,x\n3408270,1\n2026-10-15,1\n2026.10.15,1\n0.87,1\nhttps://evil.example/,1\n");
    assert_eq!(read.listed.len(), 1);
    assert_eq!(read.bad_count, 4);
    assert_eq!(read.bad[0].line, 2);
}

#[test]
fn a_row_that_is_no_indicator_is_named() {
    let read = entries("url\nhttps://a.example/\n\"two\nlines.example\"\n");
    assert_eq!((read.listed.len(), read.bad[0].line), (1, 3));
    let read = entries("url,x\n,1\nhttps://a.example/,2\n");
    assert_eq!((read.listed.len(), read.bad[0].line), (1, 2));
}
