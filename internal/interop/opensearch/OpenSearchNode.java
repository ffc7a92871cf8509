import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.opensearch.common.settings.Settings;
import org.opensearch.env.Environment;
import org.opensearch.node.InternalSettingsPreparer;
import org.opensearch.node.Node;
import org.opensearch.transport.Netty4Plugin;

/**
 * One OpenSearch node with HTTP, from the artifacts on the class path; the first argument is the folder with its
 * opensearch.yml. The distribution's own main class needs a module folder and a class loader that are no artifacts,
 * and refuses to be root.
 */
public final class OpenSearchNode extends Node {
    private OpenSearchNode(Environment environment) {
        super(environment, List.of(Netty4Plugin.class), false);
    }

    public static void main(String[] args) throws Exception {
        Settings home = Settings.builder().put("path.home", args[0]).build();
        new OpenSearchNode(InternalSettingsPreparer.prepareEnvironment(home, Map.of(), Path.of(args[0]), () -> "interop")).start();
        new CountDownLatch(1).await(); // the node's own threads do not keep the process alive
    }
}
