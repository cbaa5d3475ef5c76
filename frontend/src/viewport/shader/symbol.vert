// A small solid of constant size on the screen: `position` in CSS pixels around the anchor, +Z along `direction`.
uniform mat4 clip_from_local;
uniform mat3 view_from_world;
uniform float metres_per_pixel;
uniform vec3 across;
in vec3 position;
in vec3 normal;
in vec3 anchor;
in vec3 direction;
in vec4 colour;
out vec3 v_normal;
out vec3 v_colour;

void main() {
    vec3 z = normalize(direction);
    vec3 x = cross(abs(dot(z, across)) > 0.99 ? vec3(0.31, 0.52, 0.80) : across, z);
    x = normalize(x);
    mat3 turn = mat3(x, cross(z, x), z);
    vec4 at = clip_from_local * vec4(anchor, 1.0);
    float size = metres_per_pixel * at.w * colour.a;
    vec3 p = anchor + turn * position * size;
    v_normal = view_from_world * (turn * normal);
    v_colour = colour.rgb;
    gl_Position = clip_from_local * vec4(p, 1.0);
}
