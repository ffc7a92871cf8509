package elasticsearch_test

import (
	"fmt"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport/elasticsearch"
	"github.com/slogship/slogship/transport/tlsconfig"
)

// Two nodes of a cluster with a private authority; the key may be rotated while
// the service runs.
func ExampleDestination() {
	dest := elasticsearch.Destination{
		URLs:       []string{"https://es1.example.com:9200", "https://es2.example.com:9200"},
		Index:      "logs-shop-production",
		APIKeyFile: "/run/secrets/elastic-api-key",
		TLS:        &tlsconfig.Options{CAFile: "/etc/elastic/ca.pem"},
	}
	fmt.Println(dest)
	// Output: elasticsearch.Destination(https://es1.example.com:9200 https://es2.example.com:9200)
}

// OpenSearch with an index a day for each tenant that has one of its own, and one
// for all others. What a record says chooses among these names, and never becomes
// part of one.
func ExampleDestination_tenants() {
	dest := elasticsearch.Destination{
		URLs:      []string{"https://search.example.com"},
		Index:     "shop-others-{yyyy.MM.dd}",
		IndexAttr: "tenant.name",
		Indices: map[string]string{
			"acme":    "shop-acme-{yyyy.MM.dd}",
			"initech": "shop-initech-{yyyy.MM}",
		},
		Encoder:      encode.ECS{Labels: true},
		Username:     "shop",
		PasswordFile: "/run/secrets/opensearch-password",
	}
	tr, err := dest.Open()
	fmt.Println(tr == nil, err)
	// Output: true elasticsearch: PasswordFile: stat /run/secrets/opensearch-password: no such file or directory
}
